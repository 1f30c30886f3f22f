# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: the transition with KVM's modules as they were loaded, and again with tdp_mmu=0.
run() { # NAME
	minivmm /configs/transition.ini expect.policy=any phase.transition.touch=1M -o "/out/$1.json" \
		>"/out/$1.txt" 2>"/out/$1.err" </dev/null
	echo $? >"/out/$1.rc"
}

run tdp_mmu-on
reload-kvm tdp_mmu=0 2>/out/reload.err && run tdp_mmu-off
exit 0
