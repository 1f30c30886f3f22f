# SPDX-License-Identifier: GPL-2.0-only
# A kernel with frame pointers makes no tail calls: its /proc/vmallocinfo names vmalloc's own wrappers instead of KVM.

load lab

setup_file() { boot_built frame-pointers.config frame-pointers.sh; }
setup() { need_boot; }

@test "vmallocinfo names the wrapper, and KVM's functions for no array" {
	cat "$out/release"
	grep -q ' __vcalloc_noprof+' "$out/vmallocinfo"
	! grep -E ' (memslot_rmap_alloc|kvm_arch_prepare_memory_region|kvm_page_track_create_memslot)\+' "$out/vmallocinfo" || return 1
}

@test "the wrapper's areas that fit in size and number are this VM's: every byte is exact" {
	rc transition 0
	for name in rmap.exact tracking.exact arrays.exact lazy.before transition.observed; do
		check transition $name pass
	done
	json transition '.transition | .observed and .rmap_bytes.measured == 134750208 and .tracking_bytes.measured == 33619968'
	for name in smoke dirty-log; do
		rc $name 0
		check $name arrays.exact pass
	done
}

@test "a bug is red, or the check skips and says why" {
	rc skip-vmrun 1
	check skip-vmrun transition.observed fail
	check skip-vmrun tracking.exact fail
	rc wrong-model 1
	check wrong-model rmap.exact fail "mmu_rmaps_stat counts"
	rc leak-vm 1
	check leak-vm process.clean fail
	check leak-vm teardown.clean skip "this kernel's vmallocinfo does not name KVM"
}

@test "beside another VM no check fails" {
	rc beside 0
	json beside '[.checks[] | select(.result == "fail")] == []'
}

@test "a kernel without transparent huge pages and process_vm_writev() is a sound one" {
	rc guard 0
	rc stress 0
	check stress stress.clean pass "the op can't be had here"
	json stress '[.phases[] | select(.name == "discard")][0].found.ways | startswith("madvise, mmap, not mprotect, not thp, slot-delete")'
	json stress '[.phases[].workers[]? | select(.op == "mprotect") | .unavailable] | length > 0 and all(contains("process_vm_writev(): "))'
}

@test "stat sees a VM there" {
	rc stat 0
	jq -e '.vms | length == 1 and .[0].rmap_state == "lazy"' "$out/stat.txt"
}
