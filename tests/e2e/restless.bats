# SPDX-License-Identifier: GPL-2.0-only
# A host that takes a VM's pages away and moves them, or whose KVM is set otherwise, is a healthy one.

load lab

setup_file() { LAB_SWAP=1 boot restless.sh; }
setup() { need_boot; }

moved() { # NAME
	[[ $(cat "$out/$1.moved") -gt 0 ]] || { echo "the host moved nothing: $(cat "$out/$1.moved")"; return 1; }
}

# What can't be counted while pages go is a skip that says so.
maps() { # NAME
	check "$1" mapped.exact pass || check "$1" mapped.exact skip "the host took pages away or moved them" ||
		check "$1" mapped.exact skip "5.15"
}

@test "a host that swaps the guest's pages out" {
	[[ ! -e $out/no-swap ]] || skip "the kernel has no zram"
	moved swapped
	rc swapped 0
	maps swapped
	check swapped memory.intact pass
	check swapped dirty.complete pass
	check swapped discard.fresh pass
}

@test "a host that moves the guest's pages" {
	moved compacted
	rc compacted 0
	maps compacted
	check compacted memory.intact pass
}

@test "a stop that is longer than the phase may last is none of its time" {
	rc stopped 0
	json stopped '.phases[] | select(.name == "l2") | .duration_ns > 6000000000'
}

@test "another process clears the soft-dirty bits of minivmm's memory" {
	[[ -s $out/cleared ]]
	rc soft-dirty 0
	check soft-dirty mapped.exact pass || check soft-dirty mapped.exact skip "(clear_refs)" || maps soft-dirty
}

@test "a host without the TDP MMU: the pages that L2 writes have mappings of L1's as well" {
	rc no-tdp-mmu 0
	check no-tdp-mmu mapped.exact pass || check no-tdp-mmu mapped.exact skip "5.15"
	check no-tdp-mmu host.tdp-mmu skip "the TDP MMU is off"
}

@test "a host whose huge pages are never executable" {
	rc nx 0
	check nx klog.clean pass
	# Before 6.3 some of it is not judged.
	check nx mapped.exact pass || check nx mapped.exact skip "5.15"
	check nx discard.fresh pass
}
