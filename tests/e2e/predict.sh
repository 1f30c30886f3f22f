# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: what minivmm stat --predict says of VMs of other processes while they are lazy, and what their
# first nested guest then takes. A VM is stopped (SIGSTOP) while it is looked at, so that nothing moves meanwhile.
. ./prelude.sh

groups=/sys/fs/cgroup/vms
mkdir $groups
echo +memory >$groups/cgroup.subtree_control

# Its guest waits, then runs a nested guest under NPT; the wait is over, too, when its VMM goes on after a SIGSTOP.
write_config() { # NAME HIGH
	cat >"/tmp/$1.ini" <<-END
		[memslot.low]
		base = 0
		size = 64M
		[memslot.high]
		base = 4G
		size = $2
		[memslot.rom]
		base = 32G
		size = 64K
		flags = readonly
		[memslot.smm]
		space = smm
		base = 0
		size = 64M
		alias = low
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
		touch = 128M
	END
}
write_config big 8G
write_config small 192M

# start NAME COMMAND...: in a cgroup of that name. Sets pid and group.
start() {
	group=$groups/$1
	[ -d "$group" ] || mkdir "$group"
	echo 0 >"$group/memory.swap.max" 2>/dev/null
	name=$1
	shift
	sh -c "echo \$\$ >$group/cgroup.procs && exec \"\$@\"" sh "$@" >"/out/$name.log" 2>&1 </dev/null &
	pid=$!
	echo $pid >"/out/$name.pid"
}
# start_vm NAME CONFIG: a VM of minivmm that stands still before its first nested guest with NPT.
start_vm() {
	start "$1" minivmm "/tmp/$2.ini" report.sources=cheap expect.policy=any
	wait_for $pid exits
	kill -STOP $pid
}
end_vm() {
	kill -KILL "$1"
	wait "$1"
}
item() { sed -n "s/^$2 //p" "$1/memory.stat"; }
number() { # FILE PID MEMBER: of that VM, in the order of the members
	tr -d '\n ' <"/out/$1.txt" | sed 's/{"pid":/\n/g' | sed -n "s/^$2,.*\"$3\":\([0-9]*\),.*/\1/p" | head -n 1
}
# rises GROUP BEFORE EXPECTED: the kernel adds up memory.stat with a delay.
rises() {
	for _ in $(seq "$(seconds 250)"); do
		rise=$(($(item "$1" vmalloc) - $2))
		[ $rise -ne "$3" ] || break
		usleep 20000
	done
	echo "$rise"
}

# 1: what is missing is what comes. Two VMs under one limit, neither of which the limit is too small for alone.
start_vm one big
one=$pid
start_vm two big
two=$pid
run lazy minivmm stat --predict --format json
need=$(number lazy $one first_l2_bytes)
run text minivmm stat --predict
run prom minivmm stat --predict --format prom
run slots minivmm stat --predict $one -v --format json
run slots-text minivmm stat --predict $one -v
run plan-pid minivmm plan --pid $one --format json
run plan-config minivmm plan --pid $one --print-config
run by-state minivmm stat --predict --state lazy --name 'mini*' --format json
run by-name minivmm stat --predict --name 'no-such-name' --format json
run none minivmm stat --predict 1
run user as-user minivmm stat --predict
for columns in 60 80 200; do
	COLUMNS=$columns run width-$columns minivmm stat --predict -v
done
watch --predict
if [ "${need:-0}" -gt 0 ]; then
	echo $(($(cat $groups/memory.current) + need + need / 2)) >$groups/memory.max
	run together minivmm stat --predict --format json
	echo max >$groups/memory.max
fi
before=$(item $groups/one vmalloc)
kill -CONT $one
wait_for $one mmu_cache_miss
kill -STOP $one
[ "${need:-0}" -eq 0 ] || rises $groups/one "$before" "$need" >/out/rise
run paid minivmm stat --predict --format json
echo "$need" >/out/need

# 2: would be killed, and is. 3: tight.
if [ "${need:-0}" -gt 0 ]; then
	current=$(cat $groups/two/memory.current)
	echo $((current + need + 1048576)) >$groups/two/memory.max
	run tight minivmm stat --predict --format json
	echo $((current + need / 2)) >$groups/two/memory.max
	run killed minivmm stat --predict --format json
	run killed-text minivmm stat --predict
	kill -CONT $two
	wait $two
	echo $? >/out/killed.status
	cat $groups/two/memory.events >/out/killed.events
fi
end_vm $one
kill -KILL $two 2>/dev/null
wait $two

# 4: it has room for all that may come, and lives with its memory full.
start_vm full small
echo $((300 << 20)) >$groups/full/memory.max
run room minivmm stat --predict --format json
run room-text minivmm stat --predict
kill -CONT $pid
wait $pid
echo $? >/out/room.status
cat $groups/full/memory.events >/out/room.events

# A config of the VM that ran, and one to start from: both run.
cp /out/plan-config.txt /tmp/printed.ini
report plan-run /tmp/printed.ini expect.policy=any phase.control.nested-paging=off
minivmm init --size 256M >/tmp/init.ini
report init-run /tmp/init.ini expect.policy=any

# qemu_vm NAME MACHINE SIZE: it does not run before it is told to. Its need and the rise are those of its first nested guest.
qemu_vm() {
	local qemu=qemu-$1 options=''
	[ $2 = q35 ] || options=,x-option-roms=off
	mkfifo /tmp/monitor
	start $qemu sh -c "exec qemu-system-x86_64 -name guest=web-$1,debug-threads=on \
		-accel kvm,kernel-irqchip=split -cpu host,kvm-asyncpf-int=off -M $2$options -m $3 -bios /work/nest \
		-nodefaults -no-user-config -display none -S -monitor stdio </tmp/monitor"
	exec 3>/tmp/monitor
	echo 'info mtree -f' >&3
	# Its monitor answers once the machine, and so its memslots, are as they stay.
	for _ in $(seq "$(seconds 1000)"); do
		grep -q 'FlatView #0' /out/$qemu.log && break
		usleep 50000
	done
	run $qemu minivmm stat --predict $pid -v --format json
	need=$(number $qemu $pid first_l2_bytes)
	before=$(item $group vmalloc)
	echo cont >&3
	wait_for $pid mmu_cache_miss
	[ "${need:-0}" -eq 0 ] || rises $group "$before" "$need" >/out/$qemu.rise
	echo "$need" >/out/$qemu.need
	end_vm $pid
	exec 3>&-
	rm /tmp/monitor
}
if command -v qemu-system-x86_64 >/dev/null; then
	qemu_vm q35 q35 1G
	qemu_vm microvm microvm 1G
	qemu_vm 2G q35 2G
	qemu_vm 16G q35 16G
fi

# VMs and memslots that come and go: what is told is a state that existed, or unknown with a reason.
minivmm /configs/race-slots.ini report.sources=cheap expect.policy=any >/out/race.log 2>&1 &
race=$!
for i in 1 2 3; do
	run race-$i minivmm stat --predict -v --format json
done
kill -INT $race
wait $race

# What may hide the memslots, each told apart. Locked down last: nothing takes that back. /usr/bin/setpriv by its path, as
# busybox's shell takes its own setpriv for the name.
# The lab's own VM lends nothing to a reader that lacks one of its capabilities.
[ ! -e /proc/sys/kernel/yama/ptrace_scope ] || echo 0 >/proc/sys/kernel/yama/ptrace_scope
echo 2 >/proc/sys/kernel/kptr_restrict
run no-ptrace /usr/bin/setpriv --bounding-set=-sys_ptrace minivmm stat --predict -v --format json
echo 0 >/proc/sys/kernel/kptr_restrict
start_vm last big
run kcore minivmm stat --predict $pid -v --format json
mount -o bind /dev/null /proc/kcore
run no-kcore minivmm stat --predict $pid -v --format json
umount /proc/kcore
# From cgroup namespaces, which see the host's mount: their root is beside all VMs, and then two levels down. And with a mount of
# their own, which ends at their root: what is above it may limit the VM as well.
in_group() { # FOLDER COMMAND...
	[ -d "/sys/fs/cgroup/$1" ] || mkdir "/sys/fs/cgroup/$1"
	sh -c "echo 0 >/sys/fs/cgroup/$1/cgroup.procs && shift && exec \"\$@\"" sh "$@"
}
# The reader takes more memory than the VM's limit leaves.
own_mount='echo 0 >/sys/fs/cgroup/beside/cgroup.procs && umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup'
limit=$(($(cat $groups/last/memory.current) + 8388608))
echo $limit >$groups/last/memory.max
run beside in_group beside /usr/bin/unshare -C minivmm stat --predict $pid --format json
run below in_group vms/below /usr/bin/unshare -C minivmm stat --predict $pid --format json
run hidden in_group beside /usr/bin/unshare -C -m sh -c "$own_mount && exec minivmm stat --predict $pid --format json"
run inside in_group vms/last /usr/bin/unshare -C -m sh -c "$own_mount && exec minivmm stat --predict $pid --format json"
echo max >$groups/last/memory.max
run inside-unlimited in_group vms/last /usr/bin/unshare -C -m sh -c "$own_mount && exec minivmm stat --predict $pid --format json"
# Each of both ways to KVM's list of VMs does without the other.
mount -o bind /dev/null /proc/kallsyms
run no-kallsyms minivmm stat --predict $pid -v --format json
umount /proc/kallsyms
mount -t tmpfs none /sys/module/kvm/sections
run no-sections minivmm stat --predict $pid -v --format json
umount /sys/module/kvm/sections
echo 2 >/proc/sys/kernel/kptr_restrict
run kptr minivmm stat --predict $pid -v --format json
run kptr-plan minivmm plan --pid $pid --format json
run kptr-text minivmm stat --predict
# minivmm's VM lends its descriptor to a reader without CAP_SYS_PTRACE, as minivmm has given up its capabilities.
run some-lend /usr/bin/setpriv --bounding-set=-sys_ptrace minivmm stat --predict -v --format json
run some-lend-text /usr/bin/setpriv --bounding-set=-sys_ptrace minivmm stat --predict
run some-lend-plan /usr/bin/setpriv --bounding-set=-sys_ptrace minivmm plan --pid "$(cat /run/hold-vm.pid)" --format json
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
run some-lend-hidden /usr/bin/setpriv --bounding-set=-sys_ptrace minivmm stat --predict --format json
run some-lend-prom /usr/bin/setpriv --bounding-set=-sys_ptrace minivmm stat --predict --format prom
mount -t debugfs none /sys/kernel/debug
run no-bpf /usr/bin/setpriv --bounding-set=-bpf,-perfmon,-sys_admin minivmm stat --predict -v --format json
echo 0 >/proc/sys/kernel/kptr_restrict
# As a container of a runtime's default capabilities sees it, in the host's pid namespace and in its own.
few=$(/usr/bin/setpriv --dump | sed -n 's/^Capability bounding set: //p' | tr , '\n' |
	grep -vxE 'chown|dac_override|fowner|fsetid|kill|setgid|setuid|setpcap|net_bind_service|net_raw|sys_chroot|mknod|audit_write|setfcap' |
	sed 's/^/-/' | tr '\n' ,)
run few /usr/bin/setpriv --bounding-set="${few%,}" minivmm stat --predict -v --format json
run namespace unshare -p -f -m sh -c 'mount -t proc proc /proc && exec minivmm stat --predict -v --format json'
echo 2 >/proc/sys/kernel/kptr_restrict
run namespace-kptr unshare -p -f -m sh -c 'mount -t proc proc /proc && exec minivmm stat --predict -v --format json'
# Yama does not take this back.
if echo 3 >/proc/sys/kernel/yama/ptrace_scope 2>/dev/null; then
	run yama minivmm stat --predict -v --format json
fi
echo 0 >/proc/sys/kernel/kptr_restrict
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
run no-debugfs minivmm stat --predict --format json
mount -t debugfs none /sys/kernel/debug
[ -d /sys/kernel/security/lockdown ] || mount -t securityfs none /sys/kernel/security 2>/dev/null
if echo integrity >/sys/kernel/security/lockdown 2>/dev/null; then
	run integrity minivmm stat --predict --format json
	run integrity-plain minivmm stat --format json
	echo confidentiality >/sys/kernel/security/lockdown
	run confidentiality minivmm stat --predict --format json
fi
end_vm $pid
exit 0
