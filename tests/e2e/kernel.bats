# SPDX-License-Identifier: GPL-2.0-only
# The transition on one kernel: KERNEL, FLAVOUR, KVM_ARGS as for make lab; POLICY=lazy or eager is the expected policy.

load lab

setup_file() { boot kernel.sh; }
setup() { need_boot; }

@test "$POLICY, exact, clean: expect.policy=any passes" {
	rc any 0
	json any '.result == "pass" and .host.rmap_policy == env.POLICY'
	check any rmap.exact pass
	check any tracking.exact pass
	check any l2.ran pass
	check any teardown.clean pass
	check any klog.clean pass
}

@test "the transition is seen where it is lazy, and explained where it is not" {
	if [[ $POLICY == lazy ]]; then
		rc transition 0
		json transition '[.checks[] | select(.result != "pass")] == []'
		json transition '.transition.observed and .transition.phase == "transition" and .transition.trigger == "npt"'
		json transition '.transition | .rmap_bytes.measured == .rmap_bytes.predicted and .rmap_bytes.measured > 134000000'
		json transition '.transition | .tracking_bytes.measured == .tracking_bytes.predicted'
		json transition '[.phases[].rmap_state] == ["lazy", "lazy", "lazy", "allocated", null]'
	else
		rc transition 1
		check transition host.policy fail "expected a lazy host; it is eager"
		check transition lazy.before fail
		json transition '.transition.observed | not'
	fi
}

@test "rmaps hold 8 bytes for each of the 64 GiB's frames" {
	json transition '.phases[] | select(.name == "transition") | .rmap_bytes == 134750208 or (env.KERNEL == "5.10" and .rmap_bytes > 134000000)'
}

@test "a restored nested guest makes the first shadow root as well" {
	rc restore 0
	check restore l2.ran pass
	check restore rmap.exact pass
	check restore tracking.exact pass
	check restore sources.agree pass
	[[ $POLICY == lazy ]] || return 0
	check restore control.no-npt pass
	json restore '.transition.observed and .transition.phase == "restore" and .transition.trigger == "nested-state"'
	json restore '.transition.rmap_bytes.measured == .transition.rmap_bytes.predicted'
}

@test "SVM turned on, a VM entry that fails: no transition" {
	rc controls 0
	check controls l2.ran pass
	[[ $POLICY == lazy ]] || return 0
	check controls control.enable pass
	check controls control.failed-entry pass "1 failed VM entry"
	check controls control.no-npt pass
	json controls '[.phases[].rmap_state] == ["lazy", "lazy", "lazy", "lazy", "lazy", "allocated", null]'
}

@test "smoke: every check passes where it is lazy, and one line says why not where it is not" {
	[[ $(wc -l <"$out/smoke.txt") == 1 && $(wc -L <"$out/smoke.txt") -le 80 ]]
	check smoke nested.off pass
	check smoke klog.clean pass
	if [[ $POLICY == lazy ]]; then
		rc smoke 0
		json smoke '[.checks[] | select(.result != "pass")] == []'
		grep -qE '^PASS [^ ]+ amd: lazy bytes=[0-9]+ pass=[0-9]+ skip=0$' "$out/smoke.txt"
	else
		rc smoke 1
		grep -qE "^FAIL [^ ]+ amd: host.tdp-mmu host.policy lazy.before( phase.expect)?( ..)?\$" "$out/smoke.txt"
	fi
}

@test "the other witnesses: in a cgroup, KVM's counters, slab; as an ordinary user" {
	check in-cgroup sources.agree pass
	json in-cgroup '.phases[3].snapshot.slabinfo | .pte_list_desc.objects > 0 and .kvm_mmu_page_header.objects > 0'
	json in-cgroup '.phases[3].snapshot.kvm_debugfs.mmu_cache_miss > 0'
	[[ $KERNEL != 5.10 ]] || return 0 # no KVM_GET_STATS_FD, no vmalloc in memory.stat
	json in-cgroup '.phases[3].snapshot | .kvm_stats == .kvm_debugfs and .kvm_stats.nested_run == 4'
	json in-cgroup '.phases[3].snapshot.cgroup.vmalloc_bytes > 42000000'
	json user '[.phases[:4][] | .state_source] | unique == ["cgroup"]'
	json user '[.checks[] | select(.result == "skip" and (.remedy // "") == "")] == []'
	[[ $POLICY == lazy ]] || return 0
	check in-cgroup sources.agree pass "rmaps_stat, vmallocinfo, cgroup, kvm_stats, kvm_debugfs"
	rc user 0
	json user '.transition.observed and .transition.phase == "transition"'
}

@test "stat sees a VM after its transition" {
	jq -e '.vms | length == 1 and .[0].command == "minivmm" and .[0].rmap_state == "allocated"' "$out/stat.txt"
	[[ $KERNEL != 5.10 ]] || return 0 # no mmu_rmaps_stat
	jq -e '.vms[0] | .memslot_bytes == 1073741824 and .rmap_bytes.all == 2101256' "$out/walk.txt"
}

@test "up to 6.2: stat goes by a VM's own counters and memslots, not by kvm.tdp_mmu, which was turned off later" {
	[[ $KERNEL == 6.1 && $POLICY == lazy ]] || skip "kvm.tdp_mmu can't be written, or its VMs are eager all the same"
	[[ $(cat "$out/turned-off") == N ]]
	rc turned-off 0
	jq -e '.vms | length == 1 and .[0].rmap_state == "lazy" and .[0].state_source == "mmu_cache_miss"' "$out/turned-off.txt"
	rc turned-off-predict 0
	jq -e '.vms | length == 1 and .[0].rmap_state == "lazy" and .[0].first_l2_bytes > 14000000' "$out/turned-off-predict.txt"
}
