# SPDX-License-Identifier: GPL-2.0-only
# Inside the transition: kprobes through libtracefs, on an emulated host.

load lab

setup_file() { boot trace.sh; }
setup() { need_boot; }

@test "--trace: both slots, the tracking, and kvm_mmu_load around them" {
	rc trace 0
	json trace '.trace.memslot_rmap_alloc.calls == 2 and .trace.write_tracking_alloc.calls == 2'
	json trace '[.trace.slots[].pages] == [786432, 15990784]'
	json trace '.trace | .kvm_mmu_load_ns >= .memslot_rmap_alloc.total_ns + .write_tracking_alloc.total_ns'
	json trace '.trace.memslot_rmap_alloc.total_ns > 0 and .trace.memset_floor_ns > 0'
	json trace '.transition.duration_ns > .trace.kvm_mmu_load_ns'
	json trace '[.checks[] | select(.result != "pass")] == []'
	grep -q 'The transition, measured with kprobes' "$out/trace.txt"
}

@test "the instance and its probes are gone afterwards" {
	[[ ! -s $out/instances-after && ! -s $out/kprobes-after ]]
}

@test "what a killed run leaves is removed when the next one begins" {
	grep -qx "minivmm-$(cat "$out/killed.pid")" "$out/instances-killed"
	grep -q "minivmm_$(cat "$out/killed.pid")/load" "$out/kprobes-killed"
	rc next 0
	json next '.trace.memslot_rmap_alloc.calls == 2'
	[[ ! -s $out/instances-next && ! -s $out/kprobes-next ]]
}

@test "2001 slots: no call is lost" {
	rc row 0
	json row '.trace.memslot_rmap_alloc.calls == 2001 and .trace.write_tracking_alloc.calls == 2001'
}

@test "without root: unavailable, and the run goes on" {
	rc user 0
	json user '.trace.unavailable | contains("root")'
	check user transition.observed pass
}

@test "--progress plain, -v: a line per phase on stderr, none on stdout" {
	rc plain 0
	rc verbose 0
	grep -q '^minivmm: .* s: ' "$out/plain.err"
	grep -q '^minivmm: .* s: ' "$out/verbose.err"
	! grep -q '^minivmm: .* s: ' "$out/plain.txt" || return 1
	# However short a phase is.
	count=$(sed -n '$s/.* of \([0-9]*\))$/\1/p' "$out/plain.err")
	[[ $count -gt 3 ]]
	[[ $(sed -n 's/^minivmm: .* s: .* (\([0-9]*\) of [0-9]*)$/\1/p' "$out/plain.err") == "$(seq "$count")" ]]
}

@test "sweep: time and bytes by size and by slots, exact" {
	rc sweep 0
	jq -e '.schema == "minivmm.sweep/1" and (.points | length == 6)' "$out/sweep.json"
	jq -e '[.points[] | select(.slots == 1) | .measured_bytes] | .[0] < .[1] and .[1] < .[2]' "$out/sweep.json"
	jq -e 'all(.points[]; .result == "pass" and .measured_bytes == .predicted_bytes and .transition_ns > 0)' "$out/sweep.json"
	rc sweep-csv 0
	[[ $(wc -l <"$out/sweep-csv.txt") == 3 && $(head -n 1 "$out/sweep-csv.txt") == size_bytes,slots,* ]]
	awk -f "$top/tests/cli/csv.awk" "$out/sweep-csv.txt" | grep -qxF $'2\tresult\tpass'
}

@test "the kernel had nothing to complain of" {
	[[ ! -s $out/dmesg ]]
}
