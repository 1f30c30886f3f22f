# SPDX-License-Identifier: GPL-2.0-only
# What the guest and the VMM do wrong on purpose: which check says so. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

# fault BREAK STATUS FILTER
fault() {
	run "$1" "$here/l1.ini" selftest.break="$1" phase.touch.slot=data
	ended "$2" && that "$3"
}

exceptions() {
	fault ud2 1 '.guest.trouble == "reported" and .guest.report.vector == 6 and (.guest.text | contains("exception 6 (#UD)"))' &&
		that 'judged("guest.clean"; "fail"; "phase boot")' '.guest.vcpu == 0 and (.guest.registers | test("rip|RIP"))' \
		'[.phases[] | [.do, .done]] == [["create", true], ["boot", false], ["teardown", true]]'
}

triple_fault() {
	fault triple-fault 1 '.guest.trouble == "exit" and (.guest.text | contains("triple fault"))' && that 'judged("guest.clean"; "fail"; "KVM_EXIT_SHUTDOWN")'
}

wrong_abi() {
	fault wrong-abi 3 '.result == "error" and (.guest.text | contains("the payload speaks ABI 6, this minivmm 5"))'
}

corrupt_page() {
	fault corrupt-page 1 '.guest.text | contains("guest memory at gpa 0x")' && that 'judged("guest.clean"; "fail"; "written was")' || return
	run stress "$here/stress.ini" selftest.break=corrupt-page phase.touch.touch=0
	ended 1 && that 'judged("memory.intact"; "fail")'
}

# What the VM was made of leaks as well, on purpose.
leaked_vm() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run leak "$here/l1.ini" selftest.break=leak-vm
	ended 1 && that 'judged("process.clean"; "fail"; "open descriptors")' 'judged("guest.clean"; "pass")'
}

hidden_nesting() {
	overlay l1 <<-END
		[phase.l2]
		do = l2
	END
	run hidden "$work/overlay.ini"
	if [ "$status" = 4 ]; then
		that '.error.text | contains("does not run nested guests")'
	else
		ended 1 && that 'judged("guest.clean"; "fail"; "phase l2")' '.guest.l2_entries == 0'
	fi
}

hang() {
	run hang "$here/l1.ini" phase.touch.touch=6T phase.touch.timeout=500ms vm.vcpus=2
	ended 1 && that 'judged("guest.clean"; "fail"; "did not come back")' '.guest.trouble == "timeout" and (.guest.registers | length) > 0' \
		'.phases[2].duration_ns | . >= 500000000 and . < 10000000000'
}

it exceptions "faults: an exception in L1"
it triple_fault "faults: a triple fault"
it wrong_abi "faults: a payload of another ABI"
it corrupt_page "faults: a page that does not read back"
it leaked_vm "faults: a VM that is not destroyed"
it hidden_nesting "faults: L2 where CPUID hides SVM and VMX"
it hang "faults: a phase that takes too long"
