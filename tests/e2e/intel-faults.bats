# SPDX-License-Identifier: GPL-2.0-only
# Faults of L1, L2 and of restored guests, limits and users, on an emulated Intel host: KERNEL as for make lab.

load lab

setup_file() { VENDOR=intel LAB_TIMEOUT=600 boot intel-faults.sh; }
setup() { need_boot; }

@test "red: VMXON and more than that" {
	rc controls-npt 1
	check controls-npt control.enable fail "and the rmaps were allocated"
}

@test "red: faults of the payload, by the vendor's names" {
	rc ud2 1
	check ud2 guest.clean fail "#UD"
	rc restore-ud2 1
	check restore-ud2 l2.ran fail "(EXCEPTION_NMI)"
	rc triple-fault 1
	check triple-fault guest.clean fail "KVM_EXIT_SHUTDOWN"
}

@test "red: a hung vCPU ends by the timeout, with its registers" {
	rc hang 1
	check hang guest.clean fail "did not come back"
	json hang '.guest.registers | contains("rip ")'
	check hang teardown.clean pass
}

@test "smoke: an ordinary user sees the transition in the own cgroup" {
	rc user 0
	json user '[.phases[:4][] | .state_source] | unique == ["cgroup"]'
	check user transition.observed pass
	check user sources.agree pass "cgroup, kvm_stats"
}

@test "stat sees a VM after its transition" {
	jq -e '.vms[0] | .rmap_state == "allocated" and .state_source == "mmu_cache_miss"' "$out/stat.txt"
	jq -e '.vms[0] | .memslot_bytes == 2147483648 and .rmap_bytes.all == 4202512' "$out/walk.txt"
}
