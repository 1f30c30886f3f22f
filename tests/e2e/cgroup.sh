# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: a VM in a cgroup that is too small for its guest's first nested guest. Says in
# /out/verdict whether the OOM killer took it there, and bisects the headroom at which it lives.
. ./prelude.sh

config=/configs/transition.ini
quiet='phase.transition.touch=0 report.sources=cheap'
without='phase.transition.nested-paging=no phase.transition.expect=lazy'
MIB=1048576

# in_cgroup NAME LIMIT ARGUMENT...: sets status, peak and kills.
in_cgroup() {
	name=$1 group=/sys/fs/cgroup/vm
	mkdir $group
	echo "$2" >$group/memory.max
	echo 0 >$group/memory.swap.max 2>/dev/null
	shift 2
	run "$name" sh -c "echo \$\$ >$group/cgroup.procs && exec minivmm $config $quiet $* -o /out/$name.json"
	status=$(cat "/out/$name.rc")
	peak=$(cat $group/memory.peak)
	kills=$(sed -n 's/^oom_kill //p' $group/memory.events)
	rmdir $group
	echo "$name limit=$limit status=$status peak=$peak kills=$kills" >>/out/steps
}

number() { # of the plan, as JSON
	sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" /out/plan.json | head -n 1
}

report plan plan $config
planned=$(number first_entry_bytes)

# Too small, and known before: nothing is made.
limit=$((100 * MIB))
in_cgroup refused $limit

quiet="$quiet vm.ignore-limits=yes"
limit=max
in_cgroup before max $without
before=$peak
in_cgroup after max
after=$peak

# Half of what it takes: with NPT it dies, without it lives.
limit=$((before + (after - before) / 2))
dmesg -c >/dev/null
in_cgroup killed $limit
killed=$status killed_oom=$kills
dmesg >/out/dmesg
in_cgroup control $limit $without
control=$status

# The least limit, to a MiB, that it survives.
low=$before high=$((after + 8 * MIB))
while [ $((high - low)) -gt $MIB ]; do
	limit=$(((low + high) / 2))
	in_cgroup bisect $limit
	if [ "$status" = 0 ] || [ "$status" = 4 ]; then high=$limit; else low=$limit; fi
done

where=unknown
grep -q mmu_first_shadow_root_alloc /out/dmesg && where=mmu_first_shadow_root_alloc
grep -q memslot_rmap_alloc /out/dmesg && where="$where memslot_rmap_alloc"
cat >/out/verdict <<END
before $before
after $after
killed_status $killed
killed_oom $killed_oom
killed_at $where
control_status $control
headroom $((high - before))
planned $planned
END
