# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: minivmm stat --predict of 40 VMs of three VMMs. Of them the VMs of minivmm and QEMU that share a
# cgroup then run a nested guest each; one of minivmm runs all the time.
. ./prelude.sh
chmod +x many-vms

group=/sys/fs/cgroup/nest
mkdir $group
cat >/tmp/vm.ini <<-END
	[memslot.low]
	base = 0
	size = 64M
	[memslot.high]
	base = 4G
	size = 192M
	[guest]
	payload = nested
	[phase.boot]
	do = boot
	[phase.wait]
	do = stress
	duration = $(seconds 5)s
	touch = 1M
	[phase.transition]
	do = l2
	touch = 1M
	[phase.stay]
	do = stress
	duration = 1h
	touch = 1M
END
sed 's/^duration = .*/duration = 1h/' /tmp/vm.ini >/tmp/runs.ini

# start NAME COMMAND...: in the cgroup. Sets pid.
start() {
	name=$1
	shift
	sh -c "echo \$\$ >$group/cgroup.procs && exec \"\$@\"" sh "$@" >"/out/$name.log" 2>&1 </dev/null &
	pid=$!
	echo $pid >"/out/$name.pid"
}
# until_true COMMAND...: tries it until it succeeds, but not for ever.
until_true() {
	for _ in $(seq "$(seconds 1000)"); do
		! "$@" 2>/dev/null || return 0
		usleep 20000
	done
}
vmalloc() { sed -n 's/^vmalloc //p' $group/memory.stat; }
exits() { cat /sys/kernel/debug/kvm/$running-*/exits; }

./many-vms 33 >/tmp/many 2>/out/many.log &
many=$!
until_true grep -q ready /tmp/many
for i in 1 2 3; do
	start minivmm-$i minivmm /tmp/vm.ini report.sources=cheap expect.policy=any
	wait_for $pid exits
	kill -STOP $pid
	stopped="$stopped $pid"
done
start running minivmm /tmp/runs.ini report.sources=cheap expect.policy=any
running=$pid
wait_for $pid exits

# start_qemu NAME MACHINE SIZE: it waits for "cont".
start_qemu() {
	mkfifo "/tmp/$1"
	start "$1" sh -c "exec qemu-system-x86_64 -name guest=$1,debug-threads=on \
		-accel kvm,kernel-irqchip=split -cpu host,kvm-asyncpf-int=off -M $2 -m $3 -bios /work/nest \
		-nodefaults -no-user-config -display none -S -monitor stdio </tmp/$1"
	qemus="$qemus $pid"
}
start_qemu q35 q35 1G
exec 3>/tmp/q35
start_qemu large q35 2G
exec 4>/tmp/large
start_qemu microvm microvm,x-option-roms=off 1G
exec 5>/tmp/microvm
# A monitor prompts early, and answers once the machine, and so its memslots, are as they stay.
for fd in 3 4 5; do
	echo 'info status' >&$fd
done
for name in q35 large microvm; do
	until_true grep -q 'VM status' "/out/$name.log"
done

exits >/out/exits-before
run all minivmm stat --predict --format json
exits >/out/exits-after
run text minivmm stat --predict

before=$(vmalloc)
for pid in $stopped; do
	kill -CONT $pid
	wait_for $pid mmu_cache_miss
	kill -STOP $pid
done
for fd in 3 4 5; do
	echo cont >&$fd
done
for pid in $qemus; do
	wait_for $pid mmu_cache_miss
done
# The kernel adds up memory.stat every 2 s (FLUSH_TIME, mm/memcontrol.c): what stands still for twice that is all.
same=0
while [ $same -lt "$(seconds 20)" ]; do
	now=$(vmalloc)
	[ "$now" = "${last:-}" ] && same=$((same + 1)) || same=0
	last=$now
	usleep 200000
done
echo $((last - before)) >/out/rise
run after minivmm stat --predict --format json
kill -KILL $stopped $running $qemus $many
wait
exit 0
