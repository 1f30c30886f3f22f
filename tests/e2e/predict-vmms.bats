# SPDX-License-Identifier: GPL-2.0-only
# minivmm stat --predict on a lazy KERNEL with 40 VMs of three VMMs at once: QEMU, minivmm, and a small maker of VMs.

load lab

setup_file() {
	command -v qemu-system-x86_64 >/dev/null || {
		echo 0 >"$BATS_FILE_TMPDIR/status"
		mkdir "$BATS_FILE_TMPDIR/out"
		return 0
	}
	${CC:-gcc} -O2 -static -o "$BATS_FILE_TMPDIR/many-vms" "$top/tests/bench/many-vms.c"
	as --32 --defsym NEST=1 -o "$BATS_FILE_TMPDIR/nest.o" "$top/tests/e2e/qemu-bios.S"
	ld -m elf_i386 --oformat binary -Ttext 0 -e 0 -o "$BATS_FILE_TMPDIR/nest" "$BATS_FILE_TMPDIR/nest.o"
	LAB_MEM=4G LAB_TIMEOUT=600 boot predict-vmms.sh --add "$BATS_FILE_TMPDIR/many-vms" --add "$BATS_FILE_TMPDIR/nest" \
		--program qemu-system-x86_64
}
setup() {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 here (Debian: apt-get install qemu-system-x86)"
	need_boot
}

# A VM of 1 GiB of many-vms lacks 512 + 1 + 1 pages of rmaps and 128 of tracking.
each=$(((512 + 1 + 1 + 128) * 4096))
# The VMs that run nested guests, in the order of their needs.
nesting='[.vms[] | select((.cgroup | endswith("/nest")) and .process != $running)]'
query() { jq -e --argjson running "$(cat "$out/running.pid")" --argjson each $each "$@"; }

@test "40 VMs of three VMMs are all there, lazy, with their names" {
	rc all 0
	jq -e '.why == null and .unknown_vms == 0 and .memslots_source == "kcore"' "$out/all.txt"
	# The lab itself holds one more, which has no memslots.
	jq -e '[.vms[] | select(.command != "hold-vm")] | length == 40 and all(.[]; .state == "lazy" and .memslots > 0)' "$out/all.txt"
	jq -e '[.vms[] | select(.name_source == "qemu") | .name] | sort == ["large", "microvm", "q35"]' "$out/all.txt"
	jq -e '[.vms[] | select(.name == "minivmm")] | length == 4' "$out/all.txt"
	query '[.vms[] | select(.command == "many-vms")] | length == 33 and all(.[]; .first_l2_bytes == $each)' "$out/all.txt"
	[[ $(grep -cE ' (many-vms|minivmm|q35|large|microvm) ' "$out/text.txt") == 40 ]]
}

@test "the sum is exact: what was said of six VMs is what memory.stat rises by when each runs a nested guest" {
	[[ $(query "$nesting | length" "$out/all.txt") == 6 ]]
	query "$nesting | map({pid, name, first_l2_bytes})" "$out/all.txt"
	echo "memory.stat rose by $(cat "$out/rise")"
	[[ $(query "$nesting | map(.first_l2_bytes) | add" "$out/all.txt") == "$(cat "$out/rise")" ]]
	query "$nesting"' | all(.[]; .state == "allocated" and .first_l2_bytes == 0)' "$out/after.txt"
	# One of minivmm's runs the same config as its three others.
	query '[.vms[] | select(.name == "minivmm") | .first_l2_bytes] | unique | length == 1 and .[0] > 0' "$out/all.txt"
	query --argjson rise "$(cat "$out/rise")" '.first_l2_bytes == 33 * $each + $rise +
		(.vms[] | select(.process == $running) | .first_l2_bytes)' "$out/all.txt"
}

@test "a VM goes on while it is read" {
	[[ $(cat "$out/exits-after") -gt $(cat "$out/exits-before") ]]
	query '.vms[] | select(.process == $running) | .state == "lazy"' "$out/after.txt"
}
