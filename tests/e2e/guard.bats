# SPDX-License-Identifier: GPL-2.0-only
# The quick set of checks of what KVM may skip only while a VM has no rmaps, on one kernel.

load lab

setup_file() { LAB_SWAP=1 boot guard.sh; }
setup() { need_boot; }

# Debian's since 6.12.
has_damon() { json guard '.host.kernel | test("^(5|6[.]1)[.]") | not' >/dev/null; }

@test "the log has what L1 and L2 wrote, and nobody reaches what was taken back" {
	rc guard 0
	check guard dirty.complete pass "in 13 phases, and "
	check guard discard.fresh pass "in 11 phases"
	check guard tables.shadowed pass "46 of 46 changes"
	check guard guest.clean pass
	# 5.10 has no mmu_rmaps_stat, and the reason says so.
	check guard mapped.exact pass || check guard mapped.exact skip "5.15"
	if has_damon; then
		check guard aging.seen pass "accesses in "
	else
		check guard aging.seen skip "/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds: No such file"
	fi
	check guard klog.clean pass
	check guard nested.off pass
}

@test "where the kernel itself uses DAMON the skip says so, and no more is skipped" {
	[[ -e $out/in-use.json ]] || skip "this kernel does not use DAMON itself"
	rc in-use 0
	check in-use aging.seen skip "the kernel itself uses DAMON, and nobody else can: /sys/module/damon_stat/parameters/enabled is Y"
	check in-use discard.fresh pass
}

@test "what is said of 2M mappings is of such mappings" {
	check guard mapped.exact pass || skip "this kernel has no mmu_rmaps_stat"
	json guard '[.phases[] | select(.name | test("^log-(huge|tail)")) | .found.huge_before] | length == 4 and all(. > 0)'
}

@test "nobody reaches what was swapped out" {
	[[ ! -e $out/no-swap ]] || skip "the host has no swap: $(head -n 1 "$out/no-swap")"
	json guard '[.phases[] | select(.name | test("^discard(|-huge|-file)$")) | .found.ways | test("(^|, )reclaim$")] | length == 3 and all'
	json live '[.phases[] | select(.name | test("discard$")) | .found.ways | test("(^|, )reclaim$")] | length > 0 and all'
}

@test "with huge pages that are split as they are written, too" {
	[[ -e $out/no-split.json ]] || skip "this kernel has no kvm.eager_page_split"
	rc no-split 0
	check no-split dirty.complete pass "in 13 phases"
	check no-split discard.fresh pass "in 11 phases"
}

@test "memory that two memslots show: a log and a discard by each, and what L2 has by the other one is not counted" {
	rc alias 0
	check alias dirty.complete pass "in 3 phases"
	check alias discard.fresh pass "in 2 phases"
	check alias mapped.exact pass || check alias mapped.exact skip "5.15"
	json alias '[.phases[] | select(.name == "discard-twin") | .found.ways | test("madvise, mmap, mprotect")] == [true]'
}

@test "it is quick: under 20 seconds of an idle machine" {
	json guard ".duration_ns < 20e7 * $(<"$BATS_FILE_TMPDIR/slowness")"
}

@test "red: a page that is missing in the log is named" {
	rc lost-bit 1
	check lost-bit dirty.complete fail "after logging was turned on: memslot.small: 1 pages are missing in what KVM_GET_DIRTY_LOG gave, of 256 that L1 wrote; first: gpa 0x100000000"
	check lost-bit discard.fresh pass
}

@test "red: a page that is still as it was before it was taken back is named" {
	rc stale 1
	check stale discard.fresh fail "after MADV_DONTNEED: memslot.small"
	check stale discard.fresh fail "gpa 0x1000ff000"
	check stale dirty.complete pass
}

@test "red: 4K mappings that stay after the log was turned off" {
	check guard mapped.exact skip "5.15" && skip "this kernel has no mmu_rmaps_stat"
	rc small 1
	check small mapped.exact fail "phase log-tail: KVM mapped L2's pages (memslot.tail, from gpa 0x240000000 on) with"
	check small dirty.complete pass
}

@test "red: the kernel does not learn what L2 accesses" {
	has_damon || skip "this kernel has no DAMON"
	rc unseen-access 1
	check unseen-access aging.seen fail "phase age: while L2 wrote 256 pages of memslot.small"
	check unseen-access discard.fresh pass
}

@test "red: a write to L1's nested tables that KVM did not see" {
	rc unseen 1
	check unseen tables.shadowed fail "phase root: L2 cleared the first entry of the root of L1's nested tables, the first page of memslot.small"
	check unseen discard.fresh pass
}

@test "red: a change of a leaf table of L1's that KVM did not see" {
	rc leaf 0
	check leaf tables.shadowed pass "12 of 12 changes"
	rc unseen-leaf 1
	check unseen-leaf tables.shadowed fail "phase leaf: L2 changed two leaf tables of L1's nested tables, the pages of memslot.data from gpa 0x100003000 on, so that L2's gpa 0x100200000 and the others map other pages"
}

@test "nobody reaches what was taken back while L2 writes on" {
	rc live 0
	check live discard.fresh pass "in 4 phases: madvise, mmap"
	check live dirty.complete pass "while the guest wrote on"
	check live stress.clean pass
	check live guest.clean pass
	check live klog.clean pass
}

@test "red: a page that does not show what the next sweep wrote is named" {
	rc live-stale 1
	check live-stale discard.fresh fail "while L1 goes on: memslot.data, gpa 0x10001f000: the VMM reads"
}

@test "dirty rings, full ones too, where KVM has them" {
	if [[ $(cat "$out/ring.rc") == 4 ]]; then
		json ring '.error.remedy | contains("5.11")'
		return
	fi
	rc ring 0
	check ring dirty.complete pass "in 2 phases"
	rc ring-lost 1
	check ring-lost dirty.complete fail "1 pages are missing in what the dirty rings gave"
}
