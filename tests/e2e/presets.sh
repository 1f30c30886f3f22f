# SPDX-License-Identifier: GPL-2.0-only
# Every shipped layout on one kernel, and what its plan says; layouts that can't be had, for each rule a host has.
. ./prelude.sh

for config in /configs/*.ini; do
	name=${config##*/}
	name=${name%.ini}
	case $name in
	# Each has the layout of another, is too large, or needs a kernel of the user's. What it does has tests of its own.
	transition | contention | guard* | smoke* | stress* | race-* | quirk-* | dirty-ring | 1t | max-slots | linux-* | multiboot) continue ;;
	esac
	report "$name" "$config" expect.policy=any
	report "plan-$name" plan "$config"
done
# A virtio-mem slot of which a part is plugged, a device's BAR, and a window into the RAM.
cat >/tmp/parts.ini <<END
[memslot.low]
base = 0
size = 1G
[memslot.window]
base = 3G
size = 16M
alias = low
alias-offset = 512M
[memslot.bar]
base = 3584M
size = 256M
kind = device
[memslot.virtio-mem]
base = 4G
size = 8G
plugged = 2G
[phase.boot]
do = boot
[phase.l2]
do = l2
touch = 4M
END
report parts /tmp/parts.ini expect.policy=any
report plan-parts plan /tmp/parts.ini
report 1t /configs/1t.ini vm.kernel-memory-limit=2G

cat >/tmp/base.ini <<END
[memslot.boot]
base = 0
size = 64M
[memslot.more]
base = 4G
size = 64M
[phase.boot]
do = boot
END
refuse() { # NAME OVERRIDE...
	name=$1
	shift
	report "$name" /tmp/base.ini expect.policy=any "$@"
}
refuse phys-bits memslot.more.base=2T
refuse populate memslot.more.size=64G memslot.more.populate=yes
refuse pool memslot.more.backing=hugetlb-2m
refuse pool-1g memslot.more.backing=hugetlb-1g memslot.more.size=1G
refuse no-file memslot.more.backing=file:/nowhere
dd if=/dev/zero of=/tmp/small bs=4096 count=1 2>/dev/null
refuse small-file memslot.more.backing=file:/tmp/small
refuse node memslot.more.node=7
refuse slots memslot.more.count=40000 memslot.more.size=4K
refuse half-way selftest.break=slot-fails
# Eager rmaps of 2 GiB, more than the lab has: vmalloc refuses at once, and the ioctl fails.
refuse too-big memslot.more.size=1020G vm.kernel-memory-limit=1T vm.ignore-limits=yes memslot.more.flags=dirty-log
echo 40 >/proc/sys/vm/nr_hugepages
refuse pool-enough memslot.more.backing=hugetlb-2m memslot.more.populate=yes
truncate -s 64M /tmp/large
refuse file memslot.more.backing=file:/tmp/large

# Headroom: the VM in a cgroup that leaves it room, or not, for its first nested guest.
sed '/^\[phase/,$d' /configs/transition.ini >/tmp/boot.ini
printf '[phase.boot]\ndo = boot\n' >>/tmp/boot.ini
cp /tmp/boot.ini /tmp/nest.ini
printf '[phase.nest]\ndo = l2\ntouch = 0\n' >>/tmp/nest.ini
minivmm plan /tmp/nest.ini --format json >/out/headroom.json
in_cgroup() { # NAME MAX CONFIG
	group=/sys/fs/cgroup/$1
	mkdir "$group"
	echo "$2" >"$group/memory.max"
	run "$1" sh -c "echo \$\$ >$group/cgroup.procs && exec minivmm $3 expect.policy=any vm.ignore-limits=yes"
	cp "$group/memory.peak" "/out/$1.peak" 2>/dev/null || echo 0 >"/out/$1.peak"
}
# The first such member: the sum for memory.max repeats some.
number() { sed -n "s/^ *\"$1\": \([0-9]*\),*/\1/p" /out/headroom.json | head -n 1; }
in_cgroup headroom-boot max /tmp/boot.ini
booted=$(cat /out/headroom-boot.peak)
if [ "$booted" -gt 0 ]; then
	in_cgroup headroom-whole $((booted + $(number headroom_bytes))) /tmp/nest.ini
	in_cgroup headroom-entry $((booted + $(number first_entry_bytes))) /tmp/nest.ini
	in_cgroup headroom-short $((booted + $(number first_entry_bytes) * 9 / 10)) /tmp/nest.ini
fi
