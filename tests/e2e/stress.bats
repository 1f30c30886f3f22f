# SPDX-License-Identifier: GPL-2.0-only
# Stress: every op at once without a violation, and each invariant fails once.

load lab

setup_file() { LAB_MEM=4G LAB_TIMEOUT=600 boot stress.sh; }
setup() { need_boot; }

@test "every op at once, four VMs: none fails, and every invariant holds" {
	rc short 0
	check short stress.clean pass "none failed"
	check short vms.transition pass
	check short memory.intact pass
	check short rmap.exact pass
	check short teardown.clean pass
	json short '[.phases[] | select(.do == "stress") | .workers[] | .failures == 0] | all'
	json short '[.phases[] | select(.do == "stress") | .workers[] | select(.unavailable == null) | .rounds > 0] | all'
	json short '[.phases[] | select(.do == "stress") | .workers[] | .op] | unique | length == '"$("$top/minivmm" list ops | grep -cvE '^(dirty-ring|first-l2-log)( |$)')"
}

@test "--progress plain says which ops a phase runs, for the report of a crash" {
	grep -qE '^minivmm: [0-9.]+ s: churn: dirty-log-toggle, dirty-log-get, .*slot-move' "$out/short.err"
}

@test "a VM's first nested entry, again and again: lazy before, allocated after" {
	rc nest 0
	json nest '.phases[] | select(.do == "stress") | .vms.made == 3 and .vms.wrong == 0'
	check nest vms.transition pass "3 VMs made"
}

@test "without NPT/EPT they stay as they were made" {
	rc control 0
	json control '.phases[] | select(.do == "stress") | .vms.transitions == 0'
}

@test "red: a page that does not read back" {
	rc corrupt 1
	check corrupt memory.intact fail
}

@test "red: a page that is lost, of which nobody says so" {
	rc untold 1
	check untold memory.intact fail "read back by L1, though nobody took the page away after that"
	rc told 0
	check told memory.intact pass
}

@test "red: a VM that is not lazy any more where it should be" {
	[[ $(jq -r .host.rmap_policy "$out/early.json") == lazy ]] || skip "an eager host has no lazy VMs"
	rc early 1
	check early vms.transition fail "allocated"
}

@test "red: predicted is not measured" {
	rc model 1
	check model vms.transition fail "rmap heads"
}

@test "red: something left after teardown, a late line in the kernel log" {
	rc leak 1
	check leak teardown.clean fail
	check leak process.clean fail "open descriptors"
	rc klog 1
	check klog klog.clean fail
}

@test "red: an op that is stuck, with the command that replays it" {
	rc stuck 1
	check stuck stress.clean fail "stuck"
	json stuck '.checks[] | select(.name == "stress.clean") | .remedy | test("/tmp/kick.ini .*--seed 0 worker.kick.first-round=0")'
}

@test "JSON Lines: each phase, how far stress is, every second, then the report" {
	rc lines 0
	jq -es '[.[] | select(.schema == "minivmm.stress/1")] | length >= 2 and all(.phase == "churn" and .workers[0].worker == "kick")' "$out/lines.jsonl" >/dev/null
	jq -es '[.[] | select(.schema == "minivmm.stress/1").workers[0].rounds] | . == sort and .[-1] > .[0]' "$out/lines.jsonl" >/dev/null
	jq -es '.[-1].result == "pass" and [.[] | select(.schema == "minivmm.phase/1").phase] == [.[-1].phases[].name]' "$out/lines.jsonl" >/dev/null
	jq -es '.[] | select(.phase == "churn" and .schema == "minivmm.phase/1") | .ops == ["signal-kick"] and (.command | contains("/tmp/kick.ini"))' "$out/lines.jsonl" >/dev/null
	rc shown 0
	grep -q '^PASS' "$out/shown.txt"
}

@test "a signal ends the phase, not a round: the report says what was done" {
	rc signal 130
	check signal stress.clean pass "none failed"
	json signal '[.phases[] | select(.do == "stress") | .workers[] | .rounds > 0] | all'
	check signal teardown.clean pass
}

@test "a signal in a pass that takes too long ends the run as well" {
	rc late 130
	json late '.exit_status == 130 and ([.phases[] | select(.do == "stress") | .done] == [false])'
	# Not after the phase's timeout of 60 seconds, but even a loaded machine ends long before.
	json late '[.phases[] | select(.do == "stress") | .duration_ns < 40e9] == [true]'
	check late teardown.clean pass
}

@test "L1 changes L2's tables, and L2 has one page 512 times" {
	rc churn 0
	rc chains 0
	json churn '[.phases[] | select(.do == "stress") | .workers[] | select(.op == "npt-churn") | .rounds > 0] | all'
	json chains '[.phases[] | select(.do == "stress") | .workers[] | select(.op == "alias") | .rounds > 0] | all'
}

@test "what changes while it is logged is in the log" {
	rc live 0
	check live stress.clean pass "none failed"
	json live '[.phases[] | select(.do == "stress") | .workers[] | .rounds > 0] | all'
}

@test "no worker changes a memslot while its VM is first in L2: stock kernels would panic" {
	local number
	for number in 1 2 3; do
		rc "first-$number" 0
		check "first-$number" vms.transition pass
		json "first-$number" '.phases[] | select(.do == "stress") | .vms.made == 3 and (.workers | all(.rounds > 0))'
	done
}

@test "workers on memory of hugetlbfs: whole pages are discarded or protected, and none is collapsed" {
	local op
	for op in thp mprotect discard; do
		rc "hugetlb-$op" 0
		check "hugetlb-$op" memory.intact pass
	done
	for op in mprotect discard; do
		json "hugetlb-$op" '.phases[] | select(.do == "stress") | .workers[0] | .rounds == 3 and .failures == 0 and .unavailable == null'
	done
	json hugetlb-thp '.phases[] | select(.do == "stress") | .workers[0].unavailable | contains("has pages of hugetlbfs")'
}

@test "known bugs: slots change, and vCPUs race, at the first shadow root" {
	local name
	for name in race-slots race-entries; do
		rc "$name" 0
		check "$name" vms.transition pass
		check "$name" stress.clean pass "none failed"
		check "$name" teardown.clean pass
	done
}

@test "known bugs: the zap-all quirk off, where KVM can" {
	[[ $(cat "$out/quirk-zap-all.rc") == 4 ]] || rc quirk-zap-all 0
	json quirk-zap-all '.result == "pass" or (.error.remedy | contains("6.12"))'
}

@test "dirty rings, where KVM has them" {
	[[ $(cat "$out/dirty-ring.rc") == 4 ]] || rc dirty-ring 0
	json dirty-ring '.result == "pass" or (.error.remedy | contains("5.11"))'
}
