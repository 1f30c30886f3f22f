# SPDX-License-Identifier: GPL-2.0-only
# What KVM may skip only while a VM has no rmaps, where it maps L2 by 1G, on one kernel.

load lab

setup_file() { LAB_MEM=4G boot guard-1g.sh; }
setup() { need_boot; }

@test "without a free page of 1G: a skip with the reason" {
	rc none 4
	json none '.error.text | test("takes 1 huge pages of 1G, this host has 0")'
}

@test "the log has what L2 wrote, nobody reaches what was taken back, and tables can't be written" {
	rc guard 0
	check guard dirty.complete pass "in 4 phases"
	check guard discard.fresh pass "in 3 phases"
	check guard tables.shadowed pass "12 of 12 changes"
}

@test "mappings of 1G are counted, and are there again after the log" {
	# 5.10 has no mmu_rmaps_stat, and the reason says so.
	check guard mapped.exact skip "5.15" && skip "this kernel has no mmu_rmaps_stat"
	check guard mapped.exact pass
	json guard '[.phases[] | select(.do == "dirty-log" and .name != "log-aliases") | .found.huge_before] == [513, 513, 513]'
}

@test "red: a page that is still as it was is named, and nothing else is wrong" {
	rc stale 1
	check stale dirty.complete fail "memslot.huge: guest memory at gpa 0x"
	check stale arrays.exact pass
}

@test "red: 4K mappings that stay after the log was turned off" {
	check guard mapped.exact skip "5.15" && skip "this kernel has no mmu_rmaps_stat"
	rc small 1
	check small mapped.exact fail "phase log: KVM mapped L2's pages (memslot.huge, from gpa 0x100000000 on) with 513 huge pages"
}
