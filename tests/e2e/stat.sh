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
sleep "$(seconds 4)"
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

# Two VMs of QEMU: the guest of the second runs a nested guest under NPT, then both halt. Without KVM's irqchip and
# what needs it, as all VMs here: KVM patches its code for the first that has one (tests/lab/README.md, limits).
start_qemu() { # NAME FIRMWARE: sets pid
	qemu-system-x86_64 -accel kvm,kernel-irqchip=off -cpu host,kvm-asyncpf-int=off -M microvm,x-option-roms=off \
		-m 1G -bios "$2" -nodefaults -no-user-config -display none >"/out/$1.log" 2>&1 </dev/null &
	pid=$!
	echo "$pid" >"/out/$1.pid"
}
wait_for() { # PID COUNTER: 20 seconds at most
	for _ in $(seq "$(seconds 200)"); do
		[ "$(cat /sys/kernel/debug/kvm/"$1"-*/"$2" 2>/dev/null || echo 0)" -eq 0 ] || return
		usleep 100000
	done
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

minivmm stat --watch 1 --format json >/out/watch.txt 2>/out/watch.err &
watch=$!
sleep "$(seconds 3)"
kill "$lazy" "$allocated" "$watch"
wait "$lazy" "$allocated" "$watch"
run after minivmm stat --format json
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
run no-debugfs minivmm stat
exit 0
