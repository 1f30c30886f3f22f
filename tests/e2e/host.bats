# SPDX-License-Identifier: GPL-2.0-only
# Each check fails once on a real kernel, as do hosts that lack something and users that lack a permission.

load lab

setup_file() { boot host.sh; }
setup() { need_boot; }

@test "two vCPUs enter L2 together" {
	rc vcpus 0
	json vcpus '.phases[] | select(.name == "transition") | .l2_entries >= 4 and .l2_pages == 256'
}

@test "sources = cheap reads no tables and says so" {
	rc cheap 0
	json cheap '.host.sources | .vmallocinfo, .kvm_debugfs | startswith("unavailable: not asked for")'
	check cheap l2.ran pass
	check cheap rmap.exact skip
	json cheap '.phases[1] | .rmap_state == "lazy" and .state_source == "kvm_stats" and .rmap_bytes == null'
}

@test "red: expect.policy = eager on a lazy host" {
	rc eager 1
	check eager host.policy fail
}

@test "red: a payload that skips VMRUN" {
	rc skip-vmrun 1
	check skip-vmrun tracking.exact fail
	check skip-vmrun transition.observed fail
}

@test "red: #UD in L1 is reported with vector and rip" {
	rc ud2 1
	check ud2 guest.clean fail "#UD"
	json ud2 '.guest.text | test("exception 6 .*rip 0x[0-9a-f]+")'
}

@test "red: #UD in L2 is reported with the exit code by name" {
	rc l2-ud2 1
	check l2-ud2 l2.ran fail "(UD excp)"
}

@test "red: a failed VMRUN is reported as such" {
	rc bad-entry 1
	check bad-entry l2.ran fail "(invalid_guest_state)"
}

@test "red: a triple fault is decoded" {
	rc triple-fault 1
	check triple-fault guest.clean fail "KVM_EXIT_SHUTDOWN"
	json triple-fault '.guest.registers | contains("rip ")'
}

@test "error: a payload of another ABI version" {
	rc wrong-abi 3
	json wrong-abi '.result == "error" and (.guest.text | contains("ABI"))'
}

@test "red: a hung vCPU ends by the timeout, with its registers" {
	rc hang 1
	check hang guest.clean fail "did not come back"
	json hang '.guest.registers | contains("rip ")'
	check hang teardown.clean pass
	rc hang-many 1
	check hang-many guest.clean fail "did not come back"
}

@test "red: a control that uses NPT" {
	rc control-npt 1
	check control-npt control.no-npt fail
	check control-npt lazy.before fail
	check control-npt transition.observed fail
}

@test "red: SVM turned on, and more than that" {
	rc controls-npt 1
	check controls-npt control.enable fail "and the rmaps were allocated"
	check controls-npt control.failed-entry skip "ran after the transition"
}

@test "red: a VM entry that was to fail" {
	rc controls-skip 1
	check controls-skip control.failed-entry fail "L2 ran"
}

@test "two vCPUs are restored into L2 together" {
	rc restore-vcpus 0
	json restore-vcpus '.phases[] | select(.name == "restore") | .l2_entries >= 2 and .l2_pages == 256'
}

@test "red: a restored nested guest under NPT where there was to be none" {
	rc restore-npt 1
	check restore-npt control.no-npt fail
}

@test "red: a nested state that nobody set, one that KVM refuses" {
	rc restore-skip 1
	check restore-skip transition.observed fail
	check restore-skip sources.agree fail
	rc restore-bad 1
	check restore-bad guest.clean fail "KVM_SET_NESTED_STATE(vCPU 0: format=1"
}

@test "red: a wrong model of rmaps, of tracking" {
	rc wrong-model 1
	check wrong-model rmap.exact fail "(-8192)"
	rc wrong-tracking 1
	check wrong-tracking tracking.exact fail "(-8192)"
}

@test "red: a VM that outlives its teardown" {
	rc leak-vm 1
	check leak-vm teardown.clean fail "bytes of KVM's arrays after the VM was destroyed"
}

@test "red: a line in the kernel log" {
	rc klog 1
	check klog klog.clean fail WARNING
}

@test "red: a phase's expect" {
	rc phase-fails 1
	check phase-fails phase.expect fail "phase boot: expect = allocated"
}

@test "a layout that costs too much is refused before anything is made" {
	rc huge 4
	check huge host.kvm pass
	json huge '.error.text | contains("more than the 1 GiB")'
	json huge '.phases == []'
}

@test "a layout without room for the payload is a config error" {
	rc no-room 2
	grep -q "payload needs" "$out/no-room.err"
	[[ ! -s $out/no-room.txt ]]
}

@test "KTAP: plan first, parsed by prove" {
	rc ktap 0
	[[ $(sed -n 2p "$out/ktap.txt") == 1..$(jq '.checks | length' "$out/ktap.json") ]]
	prove -e cat "$out/ktap.txt"
}

@test "JSON on stdout is the report and nothing else" {
	rc json 0
	jq -e '.schema == "minivmm.report/1"' "$out/json.txt"
	[[ $(jq -S . "$out/json.txt") == "$(jq -S . "$out/json.json")" ]]
}

@test "L1 and L2 touch as told" {
	rc touch 0
	json touch '[.phases[] | .l1_pages] == [null, 0, 4096, 0, null]'
	json touch '.phases[3].l2_pages == 1024'
}

@test "rows that interrupt each other, not in gpa order" {
	rc order 0
	json order '.phases[1].l2_pages == 256 and (.slots | length) == 17'
}

@test "a config from standard input" {
	rc stdin 0
	json stdin '.result == "pass"'
}

@test "SIGINT: the report is written, exit status 130" {
	rc signal 130
	json signal '.exit_status == 130 and .result == "error"'
}

@test "without root: KVM's counters tell lazy from allocated, what can't be seen is skipped with a remedy" {
	rc user 0
	check user l2.ran pass
	check user transition.observed pass
	check user control.no-npt pass
	json user '[.phases[] | .rmap_state] == ["lazy", "lazy", "lazy", "allocated", null]'
	json user '[.phases[:4][] | .state_source] | unique == ["kvm_stats"]'
	json user '.host.sources.cgroup | contains("root cgroup")'
	grep -q "source of the rmap states: kvm_stats" "$out/user.txt"
	check user rmap.exact skip "vmallocinfo unavailable"
	json user '[.checks[] | select(.result == "skip" and (.remedy // "") == "" )] == []'
	json user '.transition.rmap_bytes.measured == null'
}

@test "without root, in a cgroup: what it is charged tells, and KVM's counters agree" {
	rc session 0
	json session '[.phases[:4][] | .state_source] | unique == ["cgroup"]'
	json session '.transition.observed and .transition.phase == "transition"'
	check session sources.agree pass "cgroup, kvm_stats"
	check session charged.exact pass "168042496 bytes of vmalloc, as predicted"
	check session charged.clean pass "no more of KVM's page tables than before"
	json session '.phases[3].snapshot | .cgroup.vmalloc_bytes > 168000000 and .kvm_stats.mmu_cache_miss > 0'
}

@test "in a cgroup with a limit, where another minivmm waits for the run: the same" {
	rc limited 0
	json limited '[.phases[:4][] | .state_source] | unique == ["cgroup"]'
	check limited sources.agree pass "cgroup, kvm_stats"
}

@test "root in a cgroup: all five sources tell, and alike" {
	rc in-cgroup 0
	check in-cgroup sources.agree pass "rmaps_stat, vmallocinfo, cgroup, kvm_stats, kvm_debugfs"
	check in-cgroup charged.exact pass "bytes of vmalloc, as predicted"
	check in-cgroup charged.clean pass "no more of KVM's page tables than before"
	json in-cgroup '.phases[3].snapshot | .kvm_stats == .kvm_debugfs'
	json in-cgroup '.phases[3].snapshot.slabinfo.pte_list_desc.merged'
}

@test "red: sources that contradict each other are named" {
	check skip-vmrun sources.agree fail "the payload counts"
	check skip-vmrun sources.agree fail "kvm_stats's nested_run 0"
}

@test "without permission for /dev/kvm: skipped, with the group to join" {
	rc no-permission 4
	check no-permission host.kvm skip "Permission denied"
	json no-permission '.checks[0].remedy | contains("chgrp kvm /dev/kvm && chmod 660")'
	rc other-group 4
	json other-group '.checks[0].remedy | contains("usermod -aG others USER")'
}

@test "without debugfs: the verdict comes from vmallocinfo" {
	rc no-debugfs 0
	check no-debugfs transition.observed pass
	json no-debugfs '.host.sources.rmaps_stat | startswith("unavailable:")'
}

@test "without /dev/kvm, and with one that is none: skipped, with the remedy" {
	rc no-kvm 4
	check no-kvm host.kvm skip "No such file"
	json no-kvm '.checks[0].remedy | contains("modprobe")'
	rc null-kvm 4
	check null-kvm host.kvm skip "no KVM device"
}

@test "somebody else's process that the kernel kills is a note, not this run's fault" {
	[[ $(cat "$out/oom-kills") -ge 1 ]]
	rc others-oom 1
	json others-oom '[.checks[] | select(.result == "fail") | .name] | index("klog.clean") == null'
	check others-oom klog.clean pass
}

@test "without /sys: what can't be told is a skip, and nothing is a FAIL" {
	json no-sys '[.checks[] | select(.result == "fail")] == []'
	json no-sys '.result == "pass" or .result == "skip"'
	json no-sys '[.checks[] | select(.result == "skip" and (.reason // "") == "")] == []'
}

@test "under lockdown: said so by each source it takes away; the others give the verdict" {
	grep -qF '[confidentiality]' "$out/lockdown" || skip "this kernel has no lockdown"
	rc lockdown 0
	json lockdown '[.checks[] | select(.result != "pass")] == []'
	json lockdown '.host.sources.rmaps_stat | contains("locked down") and contains("boot without")'
	json lockdown '.host.sources | .vmallocinfo == "ok" and .kvm_stats == "ok" and .klog == "ok"'
	json lockdown '.phases[3].state_source == "vmallocinfo" and .phases[3].snapshot.kvm_debugfs.nested_run == null'
	check lockdown sources.agree pass "vmallocinfo, kvm_stats"
	json lockdown '.trace.unavailable | contains("locked down")'
	rc lockdown-stat 0
	grep -q '^1 VM: 0 lazy, 0 allocated, 1 unknown$' "$out/lockdown-stat.txt"
	tr -s ' \n' ' ' <"$out/lockdown-stat.txt" | grep -q 'locked down, which keeps nested_run from root'
}

@test "a signal while the slots are made: given up, and reported" {
	rc creating 130
	json creating '.exit_status == 130 and (.error.text | test("interrupted when [0-9]+ of [0-9]+ memslots were made"))'
	check creating teardown.clean pass
}

@test "a signal that is ignored ends nothing" {
	rc ignored 1
	check ignored guest.clean fail "did not come back"
}

@test "a file that may not be opened (EPERM) is no anonymous memory" {
	grep -qF '[confidentiality]' "$out/lockdown" || skip "this kernel has no lockdown"
	rc not-permitted 3
	json not-permitted '.error.text | contains("open(/proc/kcore): Operation not permitted")'
	json not-permitted '[.phases[] | select(.name == "boot" and .done)] == []'
}
