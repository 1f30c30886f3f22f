# SPDX-License-Identifier: GPL-2.0-only
# What L1 does: boot, touch, and the memory that it has. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

boots() {
	run boot "$here/l1.ini" && fine || return
	that '[.phases[].do] == ["create", "boot", "touch", "teardown"]' \
		'.guest.console | startswith("minivmm payload: ABI ") and endswith(", no SVM or VMX, 1 vCPU\n")' \
		'.guest.vendor == null and .guest.trouble == null and .guest.l2_entries == 0' \
		'[.phases[] | .l1_pages] == [null, 0, 256, null]' \
		'[.phases[] | .l2_pages] == [null, 0, 0, null] and [.phases[] | .l2_entry_ns // 0] == [0, 0, 0, 0]' \
		'[.phases[] | .duration_ns > 0] | all' '.create_ioctl_ns // 1 > 0' \
		'judged("l2.ran"; "skip"; "no phase runs L2")'
}

boots_many() {
	run many "$here/l1.ini" vm.vcpus=5 phase.touch.touch=1028K && fine \
		'.guest.console | endswith(", 5 vCPUs\n")' '.phases[2].l1_pages == 257'
}

# Without root or tracefs the report says why nothing was traced.
traced() {
	run traced "$here/l1.ini" --trace && fine '.trace | has("unavailable") or has("kvm_mmu_load_ns")'
}

# A slot whose memory is a file shows what the guest wrote, and where.
writes_pages() {
	value=0x1234567800000000
	set -- memslot.data.backing=file:"$work/memory" phase.touch.slot=data phase.touch.pattern="$value"
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	run pages "$here/l1.ini" "$@" phase.touch.touch=192K && fine '.phases[2].l1_pages == 48' &&
		pages_hold "$work/memory" 4096 48 0x100000000 || return
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	run strides "$here/l1.ini" "$@" phase.touch.touch=44K phase.touch.stride=16K vm.vcpus=3 && fine \
		'.phases[2].l1_pages == 11' && pages_hold "$work/memory" 16384 11 0x100000000
}

# The same where the slots of the row are apart.
writes_apart() {
	value=7
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	run apart "$here/l1.ini" memslot.data.backing=file:"$work/memory" memslot.data.stride=1G phase.touch.slot=data \
		phase.touch.pattern="$value" phase.touch.touch=192K && fine '.phases[2].l1_pages == 48' || return
	od -v -An -tx8 "$work/memory" | awk 'NR % 256 == 1 { print $1 }' >"$work/got"
	for base in 0x100000000 0x140000000 0x180000000; do
		for page in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
			printf '%016x\n' $((value + base + page * 4096))
		done
	done | cmp - "$work/got"
}

backings() {
	for backing in anon memfd; do
		run "$backing" "$here/l1.ini" memslot.data.backing="$backing" memslot.data.thp=always memslot.data.populate=yes \
			phase.touch.slot=data phase.touch.touch=192K && fine '.phases[2].l1_pages == 48' || return
	done
	run huge "$here/l1.ini" memslot.data.backing=hugetlb-2m memslot.data.size=2M memslot.data.count=1 phase.touch.slot=data
	[ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)" != 0 ] || return 0
	fine
}

no_file() {
	run none "$here/l1.ini" memslot.data.backing=file:/nowhere/memory
	ended 4 && that '.result == "skip" and (.error.text | contains("memslot.data.backing: file:/nowhere/memory"))' \
		'.phases == []' 'judged("guest.clean"; "skip")'
}

it boots "boot, touch: L1 comes through every phase and no check fails"
it boots_many "five vCPUs share the pages"
it traced "trace: kprobes come and go"
it writes_pages "touch: each page holds pattern + gpa, no other page is written"
it writes_apart "touch: a row whose slots are apart"
it backings "memory of each kind"
it no_file "memory that can't be had: an error, with a report"
