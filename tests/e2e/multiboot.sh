# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: the multiboot kernel of ./kernel, a test of it at a time.
. ./prelude.sh

# One slot, whose memory no other shows.
cat >/tmp/small.ini <<END
[memslot.low]
base = 0
size = 64M
[guest]
payload = multiboot
kernel = kernel.flat
[phase.run]
do = run
expect = lazy
[expect]
policy = any
END
cat >/tmp/kernel.ini <<END
[minivmm]
include = small.ini
[memslot.high]
base = 4G
size = 1G
[memslot.smm-low]
base = 0
size = 64M
space = smm
alias = low
[guest]
environment = "ANSWER=42"
END

# kernel NAME ARGS [OVERRIDE...]: runs it with these arguments.
kernel() {
	local name=$1 args=$2
	shift 2
	report "$name" /tmp/kernel.ini "guest.args=$args" "$@"
}

kernel entry "entry 'a b'"
kernel memory memory
kernel smp smp vm.vcpus=3
kernel devices devices
kernel smi smi
kernel nested nested phase.run.expect=allocated
kernel bad-entry bad-entry
kernel not-nested nested vm.nested=no phase.run.status=38
kernel status exit guest.environment=STATUS=38 phase.run.status=38
kernel console hang phase.run.until=console:waiting

# A kernel that is no ELF file. It leaves something in the VM's memory, a file, of which the second run must find nothing.
head -c 64m /dev/zero >/tmp/memory
for name in raw again; do
	report $name /tmp/small.ini guest.kernel=kernel.flat.raw memslot.low.backing=file:/tmp/memory
done
rm /tmp/memory

kernel failed exit guest.environment=STATUS=1
kernel early exit guest.environment=STATUS=0 phase.run.until=time:60s
kernel reset reset
kernel triple triple
kernel hang hang phase.run.timeout=1s
# To print 64 MiB takes an exit for each byte: here all but 4 KiB of them count as printed.
kernel flood flood selftest.break=console-full
kernel skipped exit guest.environment=STATUS=38
cat >/tmp/list <<END
# Each in a VM of its own.
$PWD/kernel.flat guest.args="entry 'a b'"

$PWD/kernel.flat guest.args=nested phase.run.expect=allocated
$PWD/kernel.flat guest.args=exit guest.environment=STATUS=38
$PWD/kernel.flat guest.args=exit guest.environment=STATUS=1
END
run kernels minivmm kernels /tmp/list /tmp/kernel.ini -o /out/kernels.json
run ktap minivmm report show /out/kernels.json --format ktap

# Workers beside a kernel, until it exits.
cat >/tmp/stress.ini <<END
[minivmm]
include = /tmp/kernel.ini
[memslot.bar]
base = 8G
size = 2M
kind = device
[worker.log]
op = dirty-log-get
slot = low
[worker.bar]
op = slot-delete
slot = bar
[phase.run]
do = stress
until = exit
END
report stress /tmp/stress.ini guest.args=nested phase.run.expect=allocated
report rounds /tmp/stress.ini guest.args=hang phase.run.until=auto phase.run.iterations=3

# The log of a kernel that writes, before any nested guest; then one that misses a page.
cat >/tmp/log.ini <<END
[minivmm]
include = small.ini
[phase.run]
until = console:writing
[phase.log]
do = dirty-log
slot = low
duration = 50ms
expect = lazy
END
report log /tmp/log.ini guest.args=write
report log-misses /tmp/log.ini guest.args=write selftest.break=log-misses

# A kernel that runs a nested guest takes more than its cgroup has: the others run all the same.
group=/sys/fs/cgroup/vm
mkdir $group
# in_group NAME: runs the list in the cgroup.
in_group() {
	run "$1" sh -c "echo \$\$ >$group/cgroup.procs && exec minivmm kernels /tmp/killed.list /tmp/kernel.ini vm.ignore-limits=yes \
		memslot.high.size=32G --seed 7 -o /out/$1.json"
}
echo "$PWD/kernel.flat guest.args=exit guest.environment=STATUS=0" >/tmp/killed.list
in_group unlimited
before=$(cat $group/memory.peak)
{
	echo "$PWD/kernel.flat guest.args=nested phase.run.expect=allocated"
	echo "$PWD/kernel.flat guest.args=exit guest.environment=STATUS=0"
} >/tmp/killed.list
echo $((before + 32 * 1048576)) >$group/memory.max
in_group killed
rmdir $group

# A kernel that is not ours, where it is to be had. It has no first guest to start. Once in QEMU its first CPU waited for a lock of
# Xen's, with interrupts off and before a second CPU ran, until the time was up: it hangs again, or that was the emulator.
run_xen() {
	kernel xen "no-real-mode console=com1 com1=115200,8n1,0x3f8,4 noreboot" guest.kernel=xen guest.console=log \
		vm.vcpus=2 memslot.low.size=256M memslot.smm-low.size=256M phase.run.until="console:Panic on CPU 0"
}
[ ! -e xen ] || run_xen
if grep -q 'the time was up' /out/xen.txt 2>/dev/null; then
	mv /out/xen.json /out/xen-hung.json
	run_xen
fi

kernel no-room entry memslot.low.size=16M memslot.smm-low.size=16M guest.kernel=/init
exit 0
