# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: the multiboot kernel of ./kernel, a test of it at a time.
. ./prelude.sh

cat >/tmp/kernel.ini <<END
[memslot.low]
base = 0
size = 64M
[memslot.high]
base = 4G
size = 1G
[memslot.smm-low]
base = 0
size = 64M
space = smm
alias = low
[guest]
payload = multiboot
kernel = kernel.flat
environment = "ANSWER=42"
[phase.run]
do = run
expect = lazy
[expect]
policy = any
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

kernel failed exit guest.environment=STATUS=1
kernel early exit guest.environment=STATUS=0 phase.run.until=time:60s
kernel reset reset
kernel triple triple
kernel hang hang phase.run.timeout=1s
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

kernel no-room entry memslot.low.size=16M memslot.smm-low.size=16M guest.kernel=/init
exit 0
