# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: the transition with KVM's modules as they were loaded, and again with tdp_mmu=0.
. ./prelude.sh

transition() { # NAME
	report "$1" /configs/transition.ini expect.policy=any phase.transition.touch=1M
}

transition tdp_mmu-on
reload-kvm tdp_mmu=0 2>/out/reload.err && transition tdp_mmu-off
exit 0
