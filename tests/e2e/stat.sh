# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: VMs of other processes, lazy and allocated, minivmm's and QEMU's, seen by minivmm stat.
# Each ends by touching memory for as long as it takes to look at it.
. ./prelude.sh

write_config() { # NAME NESTED-PAGING
	cat >"/tmp/$1.ini" <<-END
		[memslot.low]
		base = 0
		size = 1G
		[memslot.high]
		base = 4G
		size = 7G
		[phase.boot]
		do = boot
		[phase.l2]
		do = l2
		nested-paging = $2
		[phase.stay]
		do = touch
		touch = 1000G
		stride = 1G
		timeout = $(seconds 100)s
	END
}
write_config lazy off
write_config allocated on
minivmm /tmp/lazy.ini report.sources=cheap >/dev/null 2>&1 &
lazy=$!
minivmm /tmp/allocated.ini report.sources=cheap >/dev/null 2>&1 &
allocated=$!
wait_for "$lazy" nested_run
wait_for "$allocated" nested_run
sleep 1 # their age is shown in seconds
echo "$lazy" >/out/lazy.pid
echo "$allocated" >/out/allocated.pid

run text minivmm stat
run json minivmm stat --format json
run prom minivmm stat --format prom
run walk minivmm stat --walk
run walk-json minivmm stat --walk --format json
run one minivmm stat "$lazy" --format json
run none minivmm stat 1
run user as-user minivmm stat

# Two VMs of QEMU: the guest of the second runs a nested guest under NPT, then both halt. Of the interrupt controllers KVM
# has the APIC only, which QEMU 10 has no more, and nothing that needs the others.
start_qemu() { # NAME FIRMWARE: sets pid
	qemu-system-x86_64 -accel kvm,kernel-irqchip=split -cpu host,kvm-asyncpf-int=off -M microvm,x-option-roms=off \
		-m 1G -bios "$2" -nodefaults -no-user-config -display none >"/out/$1.log" 2>&1 </dev/null &
	pid=$!
	echo "$pid" >"/out/$1.pid"
}
if command -v qemu-system-x86_64 >/dev/null; then
	start_qemu qemu-lazy /work/halt
	idle=$pid
	start_qemu qemu-allocated /work/nest
	nesting=$pid
	wait_for "$idle" exits
	wait_for "$nesting" nested_run
	run qemu minivmm stat --format json
	run qemu-walk minivmm stat --walk --format json
	run qemu-text minivmm stat
	kill "$idle" "$nesting"
	wait "$idle" "$nesting"
fi

watch
kill "$lazy" "$allocated"
wait "$lazy" "$allocated"
run after minivmm stat --format json

# Somebody has a file of the VM's folder open while it ends, and for two seconds more: the kernel keeps the VM until then.
# It is opened once L2 has run, because the VM with which minivmm probes the kernel has a folder of the same name; and minivmm
# stands still meanwhile, so that the VM does not end before.
has_vm() { ls -l "/proc/$1/fd" 2>/dev/null | grep -q kvm-vm; }
read_while_it_ends() {
	local vm file
	minivmm /tmp/allocated.ini phase.stay.touch=64M phase.stay.stride=4K -o /out/read.json >/out/read.txt 2>/out/read.err &
	vm=$!
	wait_for "$vm" nested_run
	kill -STOP "$vm"
	file=$(ls -d /sys/kernel/debug/kvm/"$vm"-*/mmu_rmaps_stat)
	{
		kill -CONT "$vm"
		while has_vm "$vm"; do usleep 10000; done
		! alive "$vm" || readlink /proc/self/fd/8 >/out/read.held
		sleep 2
	} 8<"$file" &
	wait "$vm"
	echo $? >/out/read.rc
}
# On a busy machine the shell may look at the VM only after minivmm has ended: then it tries again.
for _ in 1 2 3; do
	[ -e /out/read.held ] || read_while_it_ends
done
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
run no-debugfs minivmm stat
exit 0
