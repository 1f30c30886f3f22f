# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: the smallest cgroups that VMs of several sizes survive their first nested guest in; and a VM in one
# that is too small, of which /out/verdict says whether the OOM killer took it there.
. ./prelude.sh

vm() { # NAME HIGH [TOUCH]: a config with 64 MiB at 0 and so much above 4 GiB, of which L2 is the first to write TOUCH
	cat >"/tmp/$1.ini" <<-END
		[memslot.low]
		base = 0
		size = 64M
		thp = never
		[memslot.high]
		base = 4G
		size = $2
		thp = never
		[expect]
		policy = any
		[phase.boot]
		do = boot
		[phase.l2]
		do = l2
		slot = high
		touch = ${3:-0}
	END
}
vm 1g 1G
vm 16g 16G
vm 64g 64G
# Its shadow pages are more than what the measurement may differ from the plan by.
vm touched 2G 384M
sizes='1g 64g'
[ ! -e more ] || sizes="$sizes 16g touched"
for name in $sizes; do
	run $name minivmm headroom /tmp/$name.ini -o /out/$name.json
done
# As people run it: L2 writes 64 MiB, huge pages where the host has them.
run shipped minivmm headroom /configs/transition.ini memslot.high.size=1G -o /out/shipped.json
printf '[memslot.low]\nbase = 0\nsize = 64M\n[phase.boot]\ndo = boot\n' >/tmp/none.ini
run none minivmm headroom /tmp/none.ini -o /out/none.json
# A signal ends it, and nothing is left. It comes while the first run has its cgroup.
minivmm headroom /tmp/64g.ini -o /out/signal.json >/out/signal.txt 2>/out/signal.err &
search=$!
until [ "$(find /sys/fs/cgroup -name 'minivmm-*')" ] || ! alive $search; do usleep 5000; done
kill -TERM $search
wait $search
echo $? >/out/signal.rc
find /sys/fs/cgroup -name 'minivmm-*' >/out/left
cat /sys/fs/cgroup/cgroup.subtree_control >/out/controllers

config=/configs/transition.ini
quiet='phase.transition.touch=0 report.sources=cheap'
without='phase.transition.nested-paging=no phase.transition.expect=lazy'

# in_cgroup NAME LIMIT ARGUMENT...: sets status, peak and kills.
in_cgroup() {
	name=$1 limit=$2 group=/sys/fs/cgroup/vm
	mkdir $group
	echo "$limit" >$group/memory.max
	echo 0 >$group/memory.swap.max 2>/dev/null
	shift 2
	run "$name" sh -c "echo \$\$ >$group/cgroup.procs && exec minivmm $config $quiet $* -o /out/$name.json"
	status=$(cat "/out/$name.rc")
	peak=$(cat $group/memory.peak)
	kills=$(sed -n 's/^oom_kill //p' $group/memory.events)
	rmdir $group
	echo "$name limit=$limit status=$status peak=$peak kills=$kills" >>/out/steps
}

run plan minivmm plan $config $quiet --format json

# Too small, and known before: nothing is made.
in_cgroup refused 104857600

quiet="$quiet vm.ignore-limits=yes"
in_cgroup before max $without
before=$peak
in_cgroup after max
after=$peak
echo $((after - before)) >/out/taken

# Half of what it takes: with NPT it dies, without it lives.
half=$((before + (after - before) / 2))
dmesg -c >/dev/null
# Of more than 10 kills in 5 s the kernel says where they were for 10 only (oom_kill_process()), and headroom has made many.
for _ in 1 2 3 4 5 6 7; do
	in_cgroup killed $half
	killed=$status killed_oom=$kills
	dmesg >/out/dmesg
	! grep -q 'Call Trace' /out/dmesg || break
	sleep 1
done
in_cgroup control $half $without

where=unknown
grep -q mmu_first_shadow_root_alloc /out/dmesg && where=mmu_first_shadow_root_alloc
grep -q memslot_rmap_alloc /out/dmesg && where="$where memslot_rmap_alloc"
cat >/out/verdict <<END
killed_status $killed
killed_oom $killed_oom
killed_at $where
control_status $status
END
exit 0
