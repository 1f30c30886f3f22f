# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: a Linux with its own KVM, and guests that end as they should not.
. ./prelude.sh

report nested /configs/linux-nested.ini expect.policy=any guest.console=file:/out/nested.console

# Two CPUs, memory on both sides of the hole; a command's status, a pause of the vCPUs, a mark, then a panic.
cat >/tmp/panic.ini <<END
[vm]
vcpus = 2
[memslot.low]
base = 0
size = 256M
[memslot.high]
base = 4G
size = 256M
[guest]
payload = linux
kernel = /linux/kernel
initrd = /linux/initrd
args = "console=ttyS0 noxsave quiet panic=-1"
[phase.cpus]
do = run
command = "grep -c ^processor /proc/cpuinfo; grep -o -m1 hypervisor /proc/cpuinfo; grep MemTotal /proc/meminfo; (sleep 1; /minivmm/mark 6; /minivmm/mark 7) & exit 3"
status = 3
expect = lazy
[phase.pause]
do = run
until = time:100ms
[phase.mark]
do = run
until = mark:7
[phase.panic]
do = run
command = "echo c >/proc/sysrq-trigger"
END
report panic /tmp/panic.ini expect.policy=any

cat >/tmp/hang.ini <<END
[memslot.low]
base = 0
size = 128M
[guest]
payload = linux
kernel = /linux/kernel
initrd = /linux/initrd
args = "console=ttyS0 noxsave quiet"
[phase.boot]
do = run
command = "exit 5"
status = any
[phase.hang]
do = run
command = "while :; do :; done"
timeout = 2s
END
report hang /tmp/hang.ini expect.policy=any
report triple /tmp/hang.ini expect.policy=any 'guest.args=console=ttyS0 noxsave quiet reboot=t' 'phase.hang.command=reboot -f'
report status /tmp/hang.ini expect.policy=any phase.boot.status=4

# A shell in the guest, on a terminal: what is typed is the guest's, and the terminal is given back.
cat >/tmp/shell.ini <<END
[minivmm]
include = /tmp/hang.ini
[guest]
console = stdout
[phase.hang]
command = "sh -i </dev/ttyS0 >/dev/ttyS0 2>&1"
timeout = $(seconds 60)s
END
shell="minivmm /tmp/shell.ini expect.policy=any"
# shellcheck disable=SC2086 # words
{
	run typed typist 'see=Ctrl-a x ends the run' 'see=# ' raw 'type=echo a line that is longer than the FI""FO^M' 'see=than the FIFO' \
		'see=# ' signal=19 signal=18 raw 'type=echo af""ter^M' see=after type=^Ax -- \
		$shell -o /out/typed.json
	run gone typist 'see=# ' raw signal-child=9 -- $shell -o /out/gone.json
	run told typist 'see=# ' raw signal=15 -- $shell -o /out/told.json
}

# No filter lets a vCPU's thread do what it must not.
report denied /tmp/hang.ini expect.policy=any selftest.break=denied-call

# The guest has no more memory than the kernel takes to be loaded.
report small /tmp/hang.ini memslot.low.size=32M
report no-hole /tmp/hang.ini memslot.low.size=4G
exit 0
