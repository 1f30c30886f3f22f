# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: the transition with KVM's modules as they were loaded, and again with tdp_mmu=0.
. /lab/settings

run() { # NAME
	minivmm /configs/transition.ini expect.policy=any phase.transition.touch=1M -o "/out/$1.json" \
		>"/out/$1.txt" 2>"/out/$1.err" </dev/null
	echo $? >"/out/$1.rc"
}

# Only newer kernels let tdp_mmu be read and not written: there the modules have to go and come back.
reload() { # PARAMETER OF kvm
	if [ -e /run/hold-vm.pid ]; then
		kill "$(cat /run/hold-vm.pid)"
		while kill -0 "$(cat /run/hold-vm.pid)" 2>/dev/null; do sleep 0.1; done
	fi
	rmmod "kvm_$VENDOR" && rmmod kvm || return
	insmod /modules/kvm.ko "$1" && insmod "/modules/kvm-$VENDOR.ko" nested=1
}

run tdp_mmu-on
reload tdp_mmu=0 2>/out/reload.err && run tdp_mmu-off
exit 0
