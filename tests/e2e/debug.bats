# SPDX-License-Identifier: GPL-2.0-only
# A kernel with KASAN, lockdep and more that watches KVM is a sound one, and what it says would be an alarm of klog.clean.

load lab

setup_file() { LAB_MEM=3G boot_built debug.config debug.sh; }
setup() { need_boot; }

@test "every byte is exact, and nothing is red" {
	for name in guard transition straddle stress; do
		rc $name 0
		for check in rmap.exact tracking.exact arrays.exact klog.clean; do
			check $name $check pass
		done
	done
}

@test "what guards the walks of the rmaps is judged" {
	for check in memory.intact dirty.complete discard.fresh mapped.exact tables.shadowed; do
		check guard $check pass
	done
}
