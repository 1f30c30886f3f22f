# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: a Linux with its own KVM.
. ./prelude.sh

report nested /configs/linux-nested.ini expect.policy=any guest.console=file:/out/nested.console 'phase.init.command=uname -r'

# More memory than this host has, on both sides of the hole, and two CPUs.
report large /configs/linux-nested.ini expect.policy=any vm.vcpus=2 vm.ignore-limits=yes memslot.low.size=3G memslot.high.base=4G \
	memslot.high.size=5G
[ ! -e brief ] || exit 0

# The same with QEMU as the VMM of L1.
if command -v qemu-system-x86_64 >/dev/null; then
	report qemu /configs/linux-qemu.ini expect.policy=any guest.console=file:/out/qemu.console
fi

# Workers and dirty logs beside it, and beside its own nested guests; then with a log that misses a page.
report stress /configs/linux-stress.ini expect.policy=any
cat >/tmp/log.ini <<END
[minivmm]
include = /work/linux.ini
[phase.boot]
do = run
command = "while :; do :; done &"
[phase.log]
do = dirty-log
slot = low
duration = 50ms
[phase.end]
do = run
command = "true"
END
report log-misses /tmp/log.ini expect.policy=any selftest.break=log-misses

exit 0
