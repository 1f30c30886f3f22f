# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: Linux guests that end, as they should and as they should not.
. ./prelude.sh

# Two CPUs, memory on both sides of the hole, an argument in quotes and one of init's; a command's status, a pause of the vCPUs, a mark, then a panic.
cat >/tmp/panic.ini <<END
[minivmm]
include = /work/linux.ini
[vm]
vcpus = 2
[memslot.low]
size = 256M
[memslot.high]
base = 4G
size = 256M
[guest]
args = console=ttyS0 noxsave quiet panic=-1 acpi_osi="a -- b" -- of-init
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
[phase.much]
do = run
command = "yes | head -c 10000000; echo end"
[phase.panic]
do = run
command = "echo c >/proc/sysrq-trigger"
END
report panic /tmp/panic.ini expect.policy=any

cat >/tmp/hang.ini <<END
[minivmm]
include = /work/linux.ini
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
# The kernel as distributions have it.
report triple /tmp/hang.ini expect.policy=any guest.kernel=/linux/bzImage 'guest.args=console=ttyS0 noxsave quiet reboot=t' 'phase.hang.command=reboot -f' \
	phase.hang.timeout="$(seconds 60)s"

# byte NUMBER...: prints bytes.
byte() {
	local number
	for number; do printf "\\$(printf %03o "$number")"; done
}

# lz4 FILE: packs it as initrds are, by blocks that are literals alone.
lz4() {
	local size at=0 part packed
	size=$(wc -c <"$1")
	byte 2 33 76 24
	while [ $at -lt "$size" ]; do
		part=$((size - at < 4194304 ? size - at : 4194304))
		packed=$((part + 2 + (part - 15) / 255))
		byte $((packed & 255)) $((packed >> 8 & 255)) $((packed >> 16 & 255)) 0 240
		head -c $(((part - 15) / 255)) /dev/zero | tr '\0' '\377'
		byte $(((part - 15) % 255))
		tail -c +$((at + 1)) "$1" | head -c $part
		at=$((at + part))
	done
}

# Its agent comes behind an initrd that is packed. All of the guest's memory is there: what the process has more is
# minivmm's own.
lz4 /linux/initrd >/tmp/initrd.lz4
report status /tmp/hang.ini expect.policy=any phase.boot.status=4 memslot.low.populate=yes guest.initrd=/tmp/initrd.lz4
rm /tmp/initrd.lz4

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
PATIENCE=$(seconds 120)
export PATIENCE
# shellcheck disable=SC2086 # words
{
	run typed typist 'see=Ctrl-a x ends the run' 'see=# ' raw 'type=echo a line that is longer than the FI""FO^M' 'see=than the FIFO' \
		'see=# ' signal=19 signal=18 raw 'type=echo af""ter^M' see=after type=^Ax -- \
		$shell -o /out/typed.json
	run gone typist 'see=# ' raw signal-child=9 -- $shell -o /out/gone.json
	run told typist 'see=# ' raw signal=15 -- $shell -o /out/told.json
	run panicked typist 'see=# ' raw 'type=echo c >/proc/sysrq-trigger^M' -- $shell -o /out/panicked.json
	run hung typist 'see=# ' raw -- $shell phase.hang.timeout=2s -o /out/hung.json
	run tripled typist 'see=# ' raw 'type=reboot -f^M' -- $shell 'guest.args=console=ttyS0 noxsave quiet reboot=t' -o /out/tripled.json
	# All but 4 KiB of what a console takes count as printed.
	run flooded typist 'see=# ' raw 'type=yes^M' -- $shell selftest.break=console-full -o /out/flooded.json
	run forbidden typist 'see=seccomp filter denies' -- $shell selftest.break=denied-call -o /out/forbidden.json
}

# No filter lets a vCPU's thread do what it must not.
report denied /tmp/hang.ini expect.policy=any selftest.break=denied-call

# The guest has no more memory than the kernel takes to be loaded.
report small /tmp/hang.ini memslot.low.size=32M
report no-hole /tmp/hang.ini memslot.low.size=4G
exit 0
