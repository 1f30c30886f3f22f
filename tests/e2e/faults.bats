# SPDX-License-Identifier: GPL-2.0-only
# A KVM_RUN fails because the rmaps can't be allocated: nothing is lost, and a retry succeeds.

load lab

setup_file() { LAB_MEM=1G boot faults.sh; }
setup() { need_boot; }

@test "ENOMEM: the rmaps stay lazy, what is kept is predicted, delete and retry succeeds" {
	rc enomem 0
	json enomem '[.checks[] | select(.result == "fail")] == []'
	check enomem phase.fails pass "160.6 MiB kept as predicted"
	check enomem transition.observed pass "phase retry"
	check enomem klog.clean pass
	json enomem '[.phases[] | .rmap_state] == ["lazy", "lazy", "lazy", "lazy", "lazy", "allocated", null]'
	json enomem '[.phases[] | .failed] == [null, null, "ENOMEM", "ENOMEM", null, null, null]'
	json enomem '.phases | (.[2].rmap_bytes > 134000000) and .[2].rmap_bytes == .[3].rmap_bytes and .[2].rmap_bytes == .[5].rmap_bytes'
	json enomem '.phases[5].l2_pages == 4096'
	json enomem '.transition.rmap_bytes | .measured == .predicted'
}

@test "ENOMEM for two vCPUs at once" {
	rc vcpus 0
	check vcpus phase.fails pass
}

@test "red: a model that expects nothing to be kept" {
	rc wrong-kept 1
	check wrong-kept phase.fails fail "after the failure rmap arrays hold"
	check wrong-kept rmap.exact fail
}

@test "red: a phase that should fail and does not" {
	rc no-fault 1
	check no-fault phase.fails fail "KVM_RUN should have failed with ENOMEM: it did not"
}

@test "a host with room for everything: skipped, with the size it takes" {
	rc roomy 4
	json roomy '.error.text | contains("nothing would fail")'
	json roomy '.error.remedy | contains("512 times")'
}

@test "the slot under the payload can't be deleted" {
	rc payload 3
	json payload '.error.text | contains("the payload runs there")'
}

@test "no shadow page for another root: KVM_RUN fails with ENOSPC, and goes on once the limit is raised" {
	rc starved 0
	json starved '[.phases[] | .failed] == [null, null, "ENOSPC", null, null]'
	check starved phase.fails pass "KVM_RUN failed with ENOSPC"
	check starved transition.observed pass "phase starved"
	# All of both phases' pages, however many of the first were written in time.
	json starved '[.phases[] | .l2_pages // 0] | add == 512 and .[2] < 256'
	check starved l2.ran pass
	check starved teardown.clean pass
}

@test "red: a limit of shadow pages that is none, or is not raised" {
	rc not-starved 1
	check not-starved phase.fails fail "KVM_RUN should have failed with ENOSPC: it did not"
	rc not-raised 1
	check not-raised guest.clean fail "phase raised: KVM_RUN(vCPU "
	check not-raised guest.clean fail "No space left on device"
}
