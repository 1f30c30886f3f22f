# SPDX-License-Identifier: GPL-2.0-only
# VMs that no config describes: minivmm init, and plan with --size, --pid, qemu:FILE and firecracker:FILE.

load vmm

setup() {
	machines=$top/tests/fixtures/machines
	cd "$BATS_TEST_TMPDIR" || exit
}

# plan ARGUMENT...: as JSON, for a kernel on which all arrays are lazy.
plan() {
	vmm plan "$@" --kernel 6.12 --format json
	[[ $status == 0 ]] || cat stderr
}

@test "qemu:FILE: each range of RAM and ROM is a memslot, also in SMM's space; an alias is no memory" {
	plan "qemu:$machines/qemu-q35.mtree"
	jq -e '.memory_bytes == 6442450944 - 262144 + 131072 + 262144 and .plan[0].vcpus == 2' stdout
	jq -e '[.slots[] | select(.space == "normal") | [.base, .size]] == [[0, 786432], [786432, 131072], [917504, 131072],
		[1048576, 2146435072], [4294705152, 262144], [4294967296, 4294967296]]' stdout
	jq -e '[.slots[].space] | (map(select(. == "smm")) | length) == 6 and length == 12' stdout
	plan "qemu:$machines/qemu-microvm.mtree"
	jq -e '.memory_bytes == 6442450944 and (.slots | length) == 10' stdout
}

@test "--size: as QEMU of that size" {
	local machine
	for machine in q35 microvm; do
		plan "qemu:$machines/qemu-$machine.mtree" vm.vcpus=1
		jq '[.memory_bytes, .plan, [.slots[] | [.base, .size, .space, .predicted]]]' stdout >qemu
		plan --size 6G --machine $machine
		jq '[.memory_bytes, .plan, [.slots[] | [.base, .size, .space, .predicted]]]' stdout >size
		diff qemu size
	done
	plan --size 6G
	jq -e '(.slots | length) == 12' stdout
	plan --size 1G
	jq -e '(.slots | length) == 10' stdout
}

@test "firecracker:FILE: sizes in MiB, memory around the gap below 4 GiB; the body of PUT /machine-config as well" {
	plan "firecracker:$machines/firecracker.json"
	jq -e '[.slots[] | [.base, .size]] == [[0, 3489660928], [4294967296, 2952790016]]' stdout
	jq -e '.memory_bytes == 6144 * 1048576 and .plan[0].vcpus == 4' stdout
	echo '{"vcpu_count": 1, "mem_size_mib": 128}' >put.json
	plan firecracker:put.json
	jq -e '[.slots[] | [.base, .size]] == [[0, 134217728]]' stdout
}

@test "--print-config, init: a config that has the same plan" {
	local arguments
	for arguments in "qemu:$machines/qemu-q35.mtree" "qemu:$machines/qemu-microvm.mtree" \
		"firecracker:$machines/firecracker.json" "--size 9G" "--size 64M --machine microvm"; do
		# shellcheck disable=SC2086 # words
		plan $arguments
		jq 'del(.config, .tool)' stdout >planned
		# shellcheck disable=SC2086
		vmm plan $arguments --print-config
		[[ $status == 0 && ! -s stderr ]]
		mv stdout printed.ini
		plan printed.ini
		jq 'del(.config, .tool)' stdout | diff planned -
		grep -qx 'do = l2' printed.ini
	done
	vmm init
	[[ $status == 0 && $(head -c 1 stdout) == ';' ]]
	mv stdout init.ini
	plan init.ini
	jq -e '.memory_bytes == 4294967296' stdout
	vmm init --size 2G --machine q35
	grep -q 'flags = readonly' stdout
}

@test "the sum for memory.max adds up, and --vms multiplies it" {
	plan --size 64G --vms 40
	jq -e '.plan[0].sum | .memory_max_bytes == .guest_bytes + .creation_bytes + .tdp_bytes + .first_entry_bytes + .shadow_bytes' stdout
	jq -e '.plan[0].sum | .vms == 40 and .all_bytes == 40 * .memory_max_bytes and .vmm_bytes == null' stdout
	vmm plan --size 64G --vms 40 --kernel all
	grep -qE "^memory.max of the VM's cgroup on [^ ]+: [0-9]+ bytes" stdout
	grep -q '  40 such VMs: 2.5 TiB' stdout
}

@test "what is no description of a VM is refused: exit 2, nothing on stdout" {
	echo 'nothing' >wrong
	echo '{"machine-config": {"vcpu_count": 1}}' >no-memory.json
	echo '{"machine-config": {"vcpu_count": 0, "mem_size_mib": 4}}' >no-vcpus.json
	printf 'FlatView #0\n AS "I/O", root: io\n  0000000000000000-000000000000ffff (prio 0, ram): x\n' >no-ram
	local arguments
	for arguments in qemu:wrong qemu:no-ram qemu:nowhere firecracker:wrong firecracker:no-memory.json \
		firecracker:no-vcpus.json "--size 0" "--size 3" "--size 1G --pid 1" "--machine q35 x.ini" "--size 1G --machine pc" \
		"--pid x" "--size 1G y.ini" "--vms 0 --size 1G" "--print-config x.ini"; do
		# shellcheck disable=SC2086
		vmm plan $arguments
		[[ $status == 2 && ! -s stdout && -s stderr ]] || { echo "$arguments: $status"; cat stdout stderr; return 1; }
	done
	vmm init --size nothing
	[[ $status == 2 ]]
	vmm init extra
	[[ $status == 2 ]]
}

@test "--pid: no VM to be seen is exit 4, with the reason" {
	vmm plan --pid 2147483647
	[[ $status == 4 && ! -s stdout ]]
	grep -qE '/proc/kcore|has no VM|kernel|libbpf' stderr
}

@test "pages, devices and ranges that KVM does not take: rounded, told apart, left out" {
	cat >odd <<-'END'
		FlatView #0
		 AS "memory", root: system
		  0000000000000000-0000000000000fff (prio 0, ram): a
		  0000000000001800-00000000000037ff (prio 0, ram): b
		  0000000000004000-00000000000047ff (prio 0, ram): c
		  0000000000010000-000000000001ffff (prio 0, i/o): d
		  0000001000000000-0000001fffffffff (prio 0, ramd): 0000:01:00.0 BAR 1 mmaps[0] KVM
		  0000000000020000-000000000002ffff (prio 0, romd): pflash
	END
	plan qemu:odd
	jq -e '[.slots[] | [.base, .size]] == [[0, 4096], [8192, 4096], [131072, 65536], [68719476736, 68719476736]]' stdout
	jq -e '.memory_bytes == 2 * 4096 + 65536' stdout
	vmm plan qemu:odd --print-config
	grep -q '^kind = device' stdout
	grep -q '^flags = readonly' stdout
}
