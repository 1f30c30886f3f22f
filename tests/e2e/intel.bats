# SPDX-License-Identifier: GPL-2.0-only
# VMX and EPT, on an emulated Intel host: KERNEL as for make lab.

load lab

setup_file() { VENDOR=intel LAB_TIMEOUT=600 boot intel.sh; }
setup() { need_boot; }

@test "the transition, by EPT, exact" {
	rc transition 0
	json transition '[.checks[] | select(.result != "pass")] == []'
	json transition '.host.cpu_vendor == "intel" and .guest.vendor == "vmx"'
	json transition '.transition.observed and .transition.trigger == "ept"'
	json transition '.transition.rmap_bytes | .measured == .predicted and .measured == 134750208'
	json transition '.transition.tracking_bytes | .measured == .predicted'
	json transition '[.phases[].rmap_state] == ["lazy", "lazy", "lazy", "allocated", null]'
	check transition control.no-npt pass
}

@test "a restored nested guest makes the first shadow root as well" {
	rc restore 0
	json restore '[.checks[] | select(.result != "pass")] == []'
	json restore '.transition.phase == "restore" and .transition.trigger == "nested-state"'
}

@test "VMXON, a VM entry that fails, L2 without EPT: no transition" {
	rc controls 0
	check controls control.enable pass
	check controls control.failed-entry pass "1 failed VM entry"
	check controls control.no-npt pass
	json controls '[.phases[].rmap_state] == ["lazy", "lazy", "lazy", "lazy", "lazy", "allocated", null]'
}

@test "two vCPUs enter L2 together" {
	rc vcpus 0
	json vcpus '.phases[] | select(.name == "transition") | .l2_entries >= 4 and .l2_pages == 256'
}

@test "red: a VM entry that was to fail, L2 with EPT" {
	rc controls-skip 1
	check controls-skip control.failed-entry fail "L2 ran"
	rc control-npt 1
	check control-npt control.no-npt fail
}

@test "red: a fault in L2, by the vendor's name" {
	rc l2-ud2 1
	check l2-ud2 l2.ran fail "(EXCEPTION_NMI)"
	check l2-ud2 l2.ran fail "vector 6 (#UD)"
}

@test "red: a VM entry refused, by number and text" {
	rc bad-entry 1
	check bad-entry l2.ran fail "VM-instruction error 8 (VM entry with invalid host-state field(s))"
}

@test "red: a nested state that KVM refuses" {
	rc restore-bad 1
	check restore-bad guest.clean fail "KVM_SET_NESTED_STATE(vCPU 0: format=0"
}

@test "stress: L1 changes L2's EPT tables, aliases its pages, loses slots; new VMs enter L2" {
	rc stress 0
	check stress stress.clean pass "none failed"
	check stress vms.transition pass
	check stress memory.intact pass
	json stress '[.phases[] | select(.do == "stress") | .workers[] | .rounds > 0] | all'
}

@test "smoke: every check passes" {
	rc smoke 0
	json smoke '[.checks[] | select(.result != "pass")] == []'
	grep -qE '^PASS [^ ]+ intel: lazy bytes=42098688 pass=[0-9]+ skip=0$' "$out/smoke.txt"
}
