# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: memory that the host promised and can't give, devices and files that are none.
. ./prelude.sh

cat >/tmp/base.ini <<END
[memslot.low]
base = 0
size = 16M
[memslot.data]
base = 1G
size = 16M
[phase.boot]
do = boot
[phase.touch]
do = touch
slot = data
touch = 8M
[phase.after]
do = touch
slot = data
touch = 8M
[expect]
policy = any
END
lost() { # NAME OVERRIDE...
	name=$1
	shift
	report "$name" /tmp/base.ini "$@"
}
# A sparse file on a file system that has no room for it, but for some pages.
full() { # FILE
	mkdir -p /tmp/full
	mount -t tmpfs -o size=1200k tmpfs /tmp/full
	truncate -s 16M /tmp/full/memory
	dd if=/dev/zero of=/tmp/full/fill bs=4k count="$1" 2>/dev/null
}
full 1000
lost vmm memslot.low.backing=file:/tmp/full/memory
umount /tmp/full
full 100
lost kvm memslot.data.backing=file:/tmp/full/memory
umount /tmp/full
full 100
lost populate memslot.data.backing=file:/tmp/full/memory memslot.data.populate=yes
lost stress memslot.data.backing=file:/tmp/full/memory phase.touch.do=stress phase.touch.slot=data phase.touch.touch=8M \
	phase.touch.load=l1 phase.touch.vms=2 phase.touch.iterations=1
umount /tmp/full

# The pool has huge pages, which the cgroup does not give.
echo 40 >/proc/sys/vm/nr_hugepages
echo +hugetlb >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/huge
if echo 4M >/sys/fs/cgroup/huge/hugetlb.2MB.max; then
	run huge sh -c "echo \$\$ >/sys/fs/cgroup/huge/cgroup.procs &&
		exec minivmm /tmp/base.ini memslot.data.backing=hugetlb-2m -o /out/huge.json"
fi
rmdir /sys/fs/cgroup/huge
echo 0 >/proc/sys/vm/nr_hugepages

# The kernel promises no more than it has.
echo 2 >/proc/sys/vm/overcommit_memory
report promised /configs/transition.ini
echo 1 >/proc/sys/vm/overcommit_memory

# What is no memory, and what is no KVM. To open a watchdog begins to count: the lab would end.
mkfifo /tmp/fifo
lost fifo memslot.data.backing=file:/tmp/fifo
lost folder memslot.data.backing=file:/tmp
lost device memslot.data.backing=file:/dev/zero
echo >/tmp/plain
for one in /tmp/plain /tmp /tmp/fifo /dev/null; do
	lost "kvm-${one##*/}" vm.device=$one
done
exit 0
