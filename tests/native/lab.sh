#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: the suite as it is natively, and on the kinds of hosts that one emulated host can be. tests/native/lab
# sets MORE.
cd native || exit
# gcc 12's TSan knows no layout with more random bits.
echo 28 >/proc/sys/vm/mmap_rnd_bits
echo 4 >/proc/sys/vm/nr_hugepages
status=0
suite() { # LABEL [WORDS], after what it is run with
	sh suite.sh "$@" || status=1
}
suite minivmm "ASan, UBSan"
suite minivmm-thread TSan "${MORE:+stress:*dirty }stress:*VMs"
if [ "$MORE" ]; then
	as-user sh suite.sh minivmm "not root" "boot signals stat" || status=1
fi

# A host whose CPU pages in one dimension and nests nothing: rmaps come with the slots.
# shellcheck disable=SC1091,SC2154 # the settings
. /lab/settings
[ ! -e /run/hold-vm.pid ] || kill "$(cat /run/hold-vm.pid)"
while ! rmmod "kvm_$VENDOR" 2>/dev/null; do sleep 0.1; done
insmod "/modules/kvm-$VENDOR.ko" nested=0 npt=0
suite minivmm "shadow paging" "boot ${MORE:+slots} expect"
exit $status
