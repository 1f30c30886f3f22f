# SPDX-License-Identifier: GPL-2.0-only
# minivmm stat sees the VMs of other processes.

load lab

# The firmware is the guest: see qemu-bios.S.
firmware() { # NAME NEST
	as --32 --defsym "NEST=$2" -o "$BATS_FILE_TMPDIR/$1.o" "$top/tests/e2e/qemu-bios.S" &&
		ld -m elf_i386 --oformat binary -Ttext 0 -e 0 -o "$BATS_FILE_TMPDIR/$1" "$BATS_FILE_TMPDIR/$1.o"
}

setup_file() {
	local qemu=()
	if command -v qemu-system-x86_64 >/dev/null && firmware halt 0 && firmware nest 1; then
		qemu=(--program qemu-system-x86_64 --add "$BATS_FILE_TMPDIR/halt" --add "$BATS_FILE_TMPDIR/nest")
	fi
	boot stat.sh "${qemu[@]}"
}
setup() { need_boot; }

vm() { # FILE NAME FILTER: of the VM that the process called NAME made
	jq -e --argjson pid "$(cat "$out/$2.pid")" ".vms[] | select(.pid == \$pid) | $3" "$out/$1.txt" >/dev/null || {
		jq . "$out/$1.txt"
		return 1
	}
}

@test "lazy and allocated are told apart without a walk" {
	rc json 0
	vm json lazy '.rmap_state == "lazy" and .state_source == "mmu_cache_miss"'
	vm json lazy '.nested_run > 0 and .mmu_cache_miss == 0 and .rmap_bytes.all == 0'
	vm json allocated '.rmap_state == "allocated" and .state_source == "mmu_cache_miss" and .nested_run > 0'
	vm json allocated '.rmap_bytes.all == null and .memslot_bytes == null'
	vm json lazy '.command == "minivmm" and .age_ns > 1000000000 and .age_ns < 1000000000000'
	jq -e '.schema == "minivmm.stat/1" and .walked == false' "$out/json.txt"
	[[ ! -s $out/json.err ]]
}

@test "the VM of a program that is not minivmm is there, too" {
	jq -e '[.vms[] | select(.command == "hold-vm")] | length == 1 and .[0].rmap_state == "lazy"' "$out/json.txt"
}

@test "QEMU's VMs: lazy, and allocated once the guest has run a nested guest" {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 here (Debian: apt-get install qemu-system-x86)"
	[[ -e $out/qemu.rc ]]
	cat "$out"/qemu-*.log
	rc qemu 0
	vm qemu qemu-lazy '.command == "qemu-system-x86" and .rmap_state == "lazy" and .state_source == "mmu_cache_miss"'
	vm qemu qemu-lazy '.nested_run == 0 and .rmap_bytes.all == 0 and .mapped_bytes > 0 and .age_ns > 0'
	vm qemu qemu-allocated '.command == "qemu-system-x86" and .rmap_state == "allocated" and .nested_run > 0'
	vm qemu allocated '.command == "minivmm" and .rmap_state == "allocated"'
	rc qemu-walk 0
	vm qemu-walk qemu-lazy '.rmap_state == "lazy" and .memslot_bytes == null'
	# 1 GiB of memory and the firmware, both in the normal and in the SMM address space
	vm qemu-walk qemu-allocated '.memslot_bytes >= 2147483648 and .memslot_bytes < 2181038080'
	vm qemu-walk qemu-allocated '.rmap_bytes | .["4k"] >= 2 * 262144 * 8 and .all == .["4k"] + .["2m"] + .["1g"]'
	grep -qE "^ +$(cat "$out/qemu-lazy.pid") .* qemu-system-x86 .* lazy " "$out/qemu-text.txt"
}

@test "--walk: the exact bytes by level, the size of the memslots, a warning" {
	rc walk-json 0
	vm walk-json allocated '.state_source == "mmu_rmaps_stat" and .memslot_bytes == 8589934592'
	vm walk-json allocated '.rmap_bytes == {"4k": 16777216, "2m": 32768, "1g": 64, "all": 16810048}'
	vm walk-json lazy '.rmap_state == "lazy" and .state_source == "mmu_rmaps_stat" and .rmap_bytes.all == 0'
	grep -q stalls "$out/walk.err"
	grep -q '8 GiB' "$out/walk.txt"
}

@test "a VM that somebody reads while it ends is gone when that has ended: no FAIL" {
	rc read 0
	grep -q '/mmu_rmaps_stat' "$out/read.held" # the VM was no longer minivmm's, and the file still open
	check read teardown.clean pass
}

@test "text: a row per VM, and a line that sums up" {
	rc text 0
	grep -qE "^ +$(cat "$out/lazy.pid") .* minivmm .* lazy " "$out/text.txt"
	grep -qE "^ +$(cat "$out/allocated.pid") .* minivmm .* allocated " "$out/text.txt"
	grep -q '^3 VMs: 2 lazy, 1 allocated, 0 unknown' "$out/text.txt"
	[[ $(wc -L <"$out/text.txt") -le 100 && $(wc -L <"$out/walk.txt") -le 100 ]]
	! grep -F .. "$out/text.txt" "$out/walk.txt" || return 1 # nothing is cut
}

@test "Prometheus: every line is a comment or a sample, each family declared once" {
	rc prom 0
	! grep -vqE '^(# (HELP|TYPE) [a-z_]+ .*|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.]+)$' "$out/prom.txt" || return 1
	[[ -z $(grep '^# TYPE' "$out/prom.txt" | sort | uniq -d) ]]
	grep -qE "^minivmm_vm_rmaps_allocated\{pid=\"$(cat "$out/allocated.pid")\",.*\} 1$" "$out/prom.txt"
	grep -qx 'minivmm_vms 3' "$out/prom.txt"
}

@test "PID: its VMs only; without one, exit 4" {
	rc one 0
	jq -e '.vms | length == 1' "$out/one.txt"
	rc none 4
	[[ ! -s $out/none.txt ]]
}

@test "--watch: again and again" {
	wc -l "$out/watch.txt"
	cat "$out/watch.err"
	[[ $(jq -s length "$out/watch.txt") -ge 2 ]]
}

@test "afterwards they are gone" {
	jq -e '[.vms[].command] == ["hold-vm"]' "$out/after.txt"
}

@test "not root, or without debugfs: exit 4 with the remedy, nothing on stdout" {
	rc user 4
	grep -q 'only root' "$out/user.err"
	rc no-debugfs 4
	grep -q 'remedy: .*mount -t debugfs' "$out/no-debugfs.err"
	[[ ! -s $out/user.txt && ! -s $out/no-debugfs.txt ]]
}
