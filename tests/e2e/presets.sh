# SPDX-License-Identifier: GPL-2.0-only
# Every shipped layout on one kernel, and what its plan says; layouts that can't be had, for each rule a host has.
run() {
	name=$1
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}

for config in /configs/*.ini; do
	name=${config##*/}
	name=${name%.ini}
	case $name in
	transition | smoke* | stress* | 1t | max-slots) continue ;;
	esac
	run "$name" minivmm "$config" expect.policy=any -o "/out/$name.json"
	run "plan-$name" minivmm plan "$config" -o "/out/plan-$name.json"
done
run 1t minivmm /configs/1t.ini vm.kernel-memory-limit=2G -o /out/1t.json

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
	run "$name" minivmm /tmp/base.ini "$@" -o "/out/$name.json"
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
# A slot whose arrays are larger than what vmalloc would try: the ioctl itself fails.
refuse too-big memslot.more.size=960G vm.kernel-memory-limit=1T memslot.more.flags=dirty-log
echo 40 >/proc/sys/vm/nr_hugepages
refuse pool-enough memslot.more.backing=hugetlb-2m memslot.more.populate=yes
truncate -s 64M /tmp/large
refuse file memslot.more.backing=file:/tmp/large
