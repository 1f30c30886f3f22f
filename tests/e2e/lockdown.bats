# SPDX-License-Identifier: GPL-2.0-only
# minivmm stat on a KERNEL that is locked down by its argument, as Secure Boot does it: integrity, then confidentiality.

load lab

setup_file() {
	local mode
	${CC:-gcc} -O2 -static -o "$BATS_FILE_TMPDIR/many-vms" "$top/tests/bench/many-vms.c"
	for mode in integrity confidentiality; do
		LAB_SIGNED=1 LAB_APPEND=lockdown=$mode boot lockdown.sh --add "$BATS_FILE_TMPDIR/many-vms"
		[[ $(cat "$BATS_FILE_TMPDIR/status") == 0 ]] || return 0 # need_boot says it
		mv "$out" "$BATS_FILE_TMPDIR/$mode"
	done
	mkdir "$out"
	mv "$BATS_FILE_TMPDIR/integrity" "$BATS_FILE_TMPDIR/confidentiality" "$out"
}
setup() { need_boot; }

# in MODE: this one's results.
in_mode() {
	out=$BATS_FILE_TMPDIR/out/$1
	grep -qF "[$1]" "$out/state"
}
# A VM of 1 GiB lacks 512 + 1 + 1 pages of rmaps and 128 of tracking.
each=$(((512 + 1 + 1 + 128) * 4096))
# sees NAME SOURCE: the two VMs, and what their first nested guests take, to the byte.
sees() {
	rc "$1" 0
	jq -e --argjson each $each --arg source "$2" '.why == null and .memslots_source == $source and .first_l2_bytes == 2 * $each and
		(.vms | map(select(.command == "many-vms")) | length == 2 and
		all(.[]; .state == "lazy" and .state_source == "memslots" and .first_l2_bytes == $each))' "$out/$1.txt"
}

@test "lockdown=integrity: plain stat takes the states from the memslots, as debugfs hides the counters" {
	in_mode integrity
	rc plain 0
	jq -e '.vms | map(select(.command == "many-vms")) | length == 2 and
		all(.[]; .rmap_state == "lazy" and .state_source == "memslots")' "$out/plain.txt"
	grep -q ' many-vms .* lazy' "$out/plain-text.txt"
}

@test "lockdown=integrity: --predict is exact by /proc/kcore and by BPF, and plan --pid works" {
	in_mode integrity
	sees predict kcore
	sees bpf bpf
	rc plan 0
	jq -e '.memory_bytes == 1073741824' "$out/plan.txt"
}

@test "lockdown=confidentiality: neither way works, and the reason names both" {
	in_mode confidentiality
	rc predict 0
	jq -e '(.why | contains("/proc/kcore: the kernel does not let anyone read its memory (lockdown=confidentiality") and
		contains("BPF: the kernel does not let it read memory (lockdown=confidentiality)")) and .memslots_source == null and
		.first_l2_bytes == null and (.vms | map(select(.command == "many-vms")) | length == 2 and
		all(.[]; .verdict == "unknown" and .verdict_why != null and .memslots == null))' "$out/predict.txt"
	grep -q '^the memslots are unavailable: ' "$out/predict-text.txt"
	rc bpf 0
	jq -e '.why | contains("lockdown=confidentiality")' "$out/bpf.txt"
	rc plan 4
	grep -q 'lockdown=confidentiality' "$out/plan.err"
}

@test "lockdown=confidentiality: plain stat shows the VMs, and says that their states are unknown" {
	in_mode confidentiality
	rc plain 0
	jq -e '.vms | map(select(.command == "many-vms")) | length == 2 and all(.[]; .rmap_state == null and .why != null)' "$out/plain.txt"
}
