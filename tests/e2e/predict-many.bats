# SPDX-License-Identifier: GPL-2.0-only
# minivmm stat --predict on a lazy KERNEL: hosts with many VMs, and a VM with as many memslots as KVM takes.

load lab

setup_file() {
	${CC:-gcc} -O2 -static -o "$BATS_FILE_TMPDIR/many-vms" "$top/tests/bench/many-vms.c"
	LAB_MEM=4G LAB_TIMEOUT=600 boot predict-many.sh --add "$BATS_FILE_TMPDIR/many-vms"
}
setup() { need_boot; }

# A VM of 1 GiB lacks 512 + 1 + 1 pages of rmaps and 128 of tracking: design of KVM, not of minivmm's model.
each=$(((512 + 1 + 1 + 128) * 4096))

# all NAME COUNT: the VMs of many-vms; the lab itself holds one more, without memslots.
all() {
	rc "$1" 0
	jq -e --argjson each $each --argjson count "$2" '.why == null and .first_l2_bytes == $count * $each and
		(.vms | map(select(.command == "many-vms")) | length == $count and all(.[];
			.first_l2_bytes == $each and .memory_bytes == 1073741824 and .memslots == 1 and .state == "lazy"))' "$out/$1.txt"
}

@test "40 and 200 VMs: what each first nested guest takes and the sum of them, to the byte, by either source" {
	all forty 40
	all many 200
	all many-bpf 200
	jq -e '.memslots_source == "kcore"' "$out/many.txt"
	jq -e '.memslots_source == "bpf"' "$out/many-bpf.txt"
	[[ $(grep -c ' many-vms ' "$out/many-text.txt") == 200 ]]
}

@test "32,764 memslots: as many, and what is missing is what plan says of them" {
	rc slots-plan 0
	for name in slots slots-bpf; do
		rc $name 0
		jq -e --slurpfile plan "$out/slots-plan.txt" '.vms[0] | .memslots == 32764 and .missing.rmap_bytes == $plan[0].plan[0].transition.rmap_bytes
			and .missing.tracking_bytes == $plan[0].plan[0].transition.tracking_bytes' "$out/$name.txt"
	done
	jq -e '.memslots_source == "bpf"' "$out/slots-bpf.txt"
	jq -e '.vms[0].slots | length == 32764 and (map(.id) | unique | length) == 32764 and
		(map(select(.size == 4096)) | length) == 32763' "$out/slots-listed.txt"
}

@test "cgroups of version 1: the ancestor with the least room is named" {
	[[ ! -e $out/v1.missing ]] || skip "this kernel has no memory controller of version 1: $(<"$out/v1.missing")"
	[[ -e $out/v1.rc ]] || { cat "$out/v1-mount.err"; return 1; }
	rc v1 0
	jq -e --argjson each $each '.vms[] | select(.command == "many-vms") | .verdict == "would-be-killed" and .cgroup == "/host/vms/one" and
		.first_l2_bytes == $each and .limited_by == "memory.limit_in_bytes of /tmp/v1/host/vms" and .room_bytes <= 1048576' "$out/v1.txt"
	jq -e '[.limits[] | .where] == ["MemAvailable", "memory.limit_in_bytes of /tmp/v1/host/vms",
		"memory.limit_in_bytes of /tmp/v1/host"]' "$out/v1.txt"
}
