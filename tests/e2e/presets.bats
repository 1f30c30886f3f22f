# SPDX-License-Identifier: GPL-2.0-only
# Shipped layouts pass or are refused with a reason. A layout that the host can't provide is refused before a VM exists.

load lab

setup_file() { boot presets.sh; }
setup() { need_boot; }

exact() { # NAME: passed, and the plan said what was measured
	rc "$1" 0
	for one in rmap.exact tracking.exact arrays.exact teardown.clean klog.clean l2.ran; do
		check "$1" $one pass
	done
	rc "plan-$1" 0
	[[ $(jq -c '[.plan[0].creation, .plan[0].transition]' "$out/plan-$1.json") == \
		"$(jq -c '[.predicted.creation, .predicted.transition]' "$out/$1.json")" ]]
}

@test "QEMU q35, Firecracker, 500 DIMMs" {
	exact qemu-q35
	exact firecracker
	exact dimms
	json dimms '.slots | length == 501'
}

@test "slots of one page, slots across boundaries, logged slots" {
	exact one-page
	exact straddle
	exact dirty-log
	json dirty-log '[.slots[].predicted.dirty_bitmap_bytes] | add > 2000000'
}

@test "a part that is plugged, a BAR, a window: exact, and RAM is counted once" {
	exact parts
	json parts '.memory_bytes == 3 * 1073741824'
	json plan-parts '.memory_bytes == 3 * 1073741824'
}

@test "1 TiB where it may not cost that much: refused with the figures" {
	rc 1t 4
	json 1t '(.error.text | test("costs the kernel 2.5 GiB, more than the 2 GiB")) and .phases == []'
}

@test "guest_memfd: where the kernel has it, or refused with the reason" {
	if [[ $(cat "$out/guest-memfd.rc") == 0 ]]; then
		exact guest-memfd
	else
		rc guest-memfd 2
		grep -q 'guest-memfd.ini:11: memslot.private.backing: guest-memfd: .*guest_memfd' "$out/guest-memfd.err"
	fi
}

refused() { # NAME WORDS
	rc "$1" 4
	json "$1" ".result == \"skip\" and .phases == [] and (.error.text | contains(\"$2\"))"
}

@test "address bits and slots of the host" {
	rc phys-bits 2
	grep -q 'memslot.more.base: 2T: the slot would end at 0x20003ffffff, which is beyond 40 address bits' "$out/phys-bits.err"
	rc slots 2
	grep -q 'memslot.more.count: 40000: with these there are more than .* slots in space normal (KVM_CAP_NR_MEMSLOTS)' "$out/slots.err"
}

@test "memory the host has not: to populate, huge pages, files, nodes" {
	refused populate "populate = yes takes 64 GiB, this host has "
	refused pool "memslot.more.backing: the layout takes 32 huge pages of 2M, this host has 0 free"
	refused no-file "memslot.more.backing: file:/nowhere: No such file"
	refused small-file "file:/tmp/small holds 4K, the memslot takes 64M"
	refused node "memslot.more.node: 7: this host has no such NUMA node"
	refused pool-1g "memslot.more.backing: "
}

@test "with the pool, with the file: it runs" {
	rc pool-enough 0
	rc file 0
	check pool-enough teardown.clean pass
}

@test "a slot that fails half-way: everything is given back" {
	rc half-way 3
	json half-way '.error.text | contains("KVM_SET_USER_MEMORY_REGION(memslot.more: slot=0x1") and contains("Invalid argument")'
	check half-way teardown.clean pass
	check half-way klog.clean skip
	json half-way '[.phases[].name] == ["create", "teardown"]'
}

@test "a slot the kernel has no memory for: the same" {
	[[ $(cat "$out/too-big.rc") != 0 ]] || skip "a lazy host: creation takes next to nothing"
	rc too-big 3
	json too-big '.error.text | contains("KVM_SET_USER_MEMORY_REGION(memslot.more") and contains("Cannot allocate memory")'
	check too-big teardown.clean pass
}

@test "a cgroup with the planned headroom survives the first nested guest, one with less does not" {
	[[ -e $out/headroom-whole.rc ]] || skip "no memory.peak before 5.19"
	jq -e '.plan[0].transition_bytes > 0' "$out/headroom.json" || skip "an eager host has no transition"
	rc headroom-whole 0
	rc headroom-entry 0
	rc headroom-short 137
}
