# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: runs while the host takes the VM's pages away and moves them, and on hosts whose KVM is set otherwise.
. ./prelude.sh

# What is in this cgroup is swapped out, again and again.
mkdir /sys/fs/cgroup/restless && echo $$ >/sys/fs/cgroup/restless/cgroup.procs
swap-on 512M 2>/out/no-swap && rm /out/no-swap

# counted NAME: how often /proc/vmstat says that.
counted() { sed -n "s/^$1 //p" /proc/vmstat; }

# during NAME COMMAND: guard.ini while this is done every 10 ms.
during() {
	while :; do eval "$2" 2>/dev/null; usleep 10000; done &
	report "$1" /configs/guard.ini expect.policy=any
	kill $!
	wait $!
}

# beside NAME COUNTER COMMAND: the same; how often the kernel counted it meanwhile in NAME.moved.
beside() {
	local before
	before=$(counted "$2")
	during "$1" "$3"
	echo $(($(counted "$2") - before)) >"/out/$1.moved"
}

# The kernel says EAGAIN when it can't reclaim so much.
[ -e /out/no-swap ] || beside swapped pswpout 'echo 16M >/sys/fs/cgroup/restless/memory.reclaim'
beside compacted pgmigrate_success 'echo 1 >/proc/sys/vm/compact_memory'

# No figure of the kernel's tells of it.
during soft-dirty 'echo 4 >"/proc/$(pidof minivmm)/clear_refs" && echo 1 >>/out/cleared'

# Stopped, as L2 has begun to write, for longer than the phase has.
cat >/tmp/stopped.ini <<END
[memslot.low]
base = 0
size = 64M
[memslot.high]
base = 4G
size = 4G
[phase.l2]
do      = l2
touch   = 256M
timeout = $(seconds 4)s
END
report stopped /tmp/stopped.ini &
for _ in $(seq 1000); do
	cat /sys/kernel/debug/kvm/*-*/nested_run 2>/dev/null | grep -q '[1-9]' && break
	usleep 10000
done
kill -STOP "$(pidof minivmm)"
sleep "$(seconds 6)"
kill -CONT "$(pidof minivmm)"
wait

reload-kvm tdp_mmu=0
report no-tdp-mmu /configs/guard.ini expect.policy=any
reload-kvm nx_huge_pages=force
report nx /configs/guard.ini expect.policy=any
