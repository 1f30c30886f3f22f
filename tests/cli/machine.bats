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
	[[ $status == 0 ]] || { cat stderr; return 1; }
}

@test "qemu:FILE: each range of RAM and ROM is a memslot, also in SMM's space; an alias is no memory" {
	plan "qemu:$machines/qemu-q35.mtree"
	jq -e '.memory_bytes == 6442450944 - 262144 + 131072 + 262144 and .plan[0].vcpus == 2
		and [.slots[] | select(.space == "normal") | [.base, .size]] == [[0, 786432], [786432, 131072], [917504, 131072],
			[1048576, 2146435072], [4294705152, 262144], [4294967296, 4294967296]]
		and ([.slots[].space] | (map(select(. == "smm")) | length) == 6 and length == 12)' stdout
	# If a monitor's log has several prints, the last one counts.
	cat "$machines/qemu-q35.mtree" "$machines/qemu-microvm.mtree" >log
	plan qemu:log
	jq -e '.memory_bytes == 6442450944 and (.slots | length) == 10' stdout
	# The end of a line that is too long is no line of its own.
	awk '{ print } /Root memory region/ { printf "%1023s%s\n", "", "0000000800000000-00000008ffffffff (prio 0, ram): tail" }' \
		"$machines/qemu-microvm.mtree" >long
	plan qemu:long
	jq -e '.memory_bytes == 6442450944 and (.slots | length) == 10' stdout
}

# slots MACHINE VCPUS BYTES [BASE, SIZE]...: the memslots of that print, the same in SMM's space.
slots() {
	plan "qemu:$machines/qemu-$1.mtree"
	jq -e --argjson vcpus "$2" --argjson bytes "$3" --argjson slots "[$4]" '.plan[0].vcpus == $vcpus and .memory_bytes == $bytes and
		([.slots[] | select(.space == "normal") | [.base, .size]] == $slots) and
		([.slots[] | select(.space == "smm") | [.base, .size]] == $slots)' stdout || { jq -c .memory_bytes,.slots stdout; return 1; }
}

@test "qemu:FILE of QEMU 10: q35, pc, microvm, DIMMs that are plugged and NVDIMMs; views of each vCPU's SMM space" {
	local low="[0, 786432], [786432, 131072], [917504, 131072]" bios="[4294705152, 262144]"
	slots 10-q35 2 4295098368 "$low, [1048576, 2146435072], $bios, [4294967296, 2147483648]"
	slots 10-pc 2 4295098368 "$low, [1048576, 3220176896], $bios, [4294967296, 1073741824]"
	slots 10-microvm 2 4294967296 "[0, 917504], [917504, 131072], [1048576, 3220176896], [4294836224, 131072], [4294967296, 1073741824]"
	slots 10-dimms 2 $((2 << 30 | 256 << 20 | 1 << 30)) \
		"$low, [1048576, 2146435072], [4294836224, 131072], [4294967296, 268435456], [4563402752, 1073741824]"
	vmm plan "qemu:$machines/qemu-10-dimms.mtree" --kernel 6.12 --print-config
	[[ $(grep -c '^flags = readonly' stdout) == 6 ]]
}

@test "qemu:FILE: what -o, -d and KVM add to a line is no part of a name" {
	plan "qemu:$machines/qemu-10-dimms.mtree"
	mv stdout plain
	plan "qemu:$machines/qemu-10-owner.mtree"
	same plain stdout 'del(.config, .tool)'
	# The BIOS, which has no owner, is at two places.
	slots 5-owner 1 $(((1 << 30) - 262144 + 131072 + 262144 + (16 << 20))) "[0, 786432], [786432, 131072], [917504, 131072],
		[1048576, 1072693248], [4244635648, 16777216], [4294705152, 262144]"
}

@test "--size: as QEMU of that size" {
	local machine
	for machine in q35 microvm; do
		plan "qemu:$machines/qemu-$machine.mtree" vm.vcpus=1
		mv stdout qemu
		plan --size 6G --machine $machine
		same qemu stdout '[.memory_bytes, .plan, [.slots[] | [.base, .size, .space, .predicted]]]'
	done
	plan --size 6G
	jq -e '(.slots | length) == 12' stdout
	plan --size 1G
	jq -e '(.slots | length) == 10' stdout
}

@test "firecracker:FILE: sizes in MiB, memory around the gap below 4 GiB; the body of PUT /machine-config as well" {
	plan "firecracker:$machines/firecracker.json"
	jq -e '[.slots[] | [.base, .size]] == [[0, 3489660928], [4294967296, 2952790016]]
		and .memory_bytes == 6144 * 1048576 and .plan[0].vcpus == 4' stdout
	# What comes with such devices depends on how much of it is plugged: the plan says that it is not in it.
	jq '. + {"memory-hotplug": {"total_size_mib": 1024}}' "$machines/firecracker.json" >hotplug.json
	vmm plan firecracker:hotplug.json --kernel 6.12 --print-config
	has stdout "; Firecracker's memory, without memory-hotplug: hotplug.json"
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
		mv stdout planned
		# shellcheck disable=SC2086
		vmm plan $arguments --print-config
		[[ $status == 0 && ! -s stderr ]]
		mv stdout printed.ini
		plan printed.ini
		same planned stdout 'del(.config, .tool)'
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
	jq -e '.plan[0].sum | .memory_max_bytes == .guest_bytes + .creation_bytes + .tdp_bytes + .first_entry_bytes + .shadow_bytes
		and .vms == 40 and .all_bytes == 40 * .memory_max_bytes and .vmm_bytes == null' stdout
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

# bats test_tags=slow
@test "qemu:FILE: more ranges than KVM has memslots are refused" {
	{
		printf 'FlatView #0\n AS "memory", root: system\n'
		seq 1000000 1065529 | sed 's/.*/&000-&fff (prio 0, ram): a/'
	} >many
	vmm plan qemu:many
	[[ $status == 2 && ! -s stdout && $(<stderr) == *"many: more ranges of RAM than the 65528 memslots that KVM has" ]]
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
	jq -e '[.slots[] | [.base, .size]] == [[0, 4096], [8192, 4096], [131072, 65536], [68719476736, 68719476736]]
		and .memory_bytes == 2 * 4096 + 65536' stdout
	vmm plan qemu:odd --print-config
	grep -q '^kind = device' stdout
	grep -q '^flags = readonly' stdout
}

@test "qemu:FILE: each name is a memory of its own, however many, long or with blanks; read-only NVDIMMs are memslots" {
	local i at
	{
		printf '%s\n' 'FlatView #0' ' AS "memory", root: system' ' Root memory region: system'
		for i in {0..69}; do
			at=$((i << 30))
			printf '  %016x-%016x (prio 0, ram): dimm%d KVM\n' $at $((at + (1 << 30) - 1)) $i
		done
		for i in 70 71; do
			at=$((i << 30))
			printf '  %016x-%016x (prio 0, ramd): 0000:01:00.0 BAR %d mmaps[0] KVM\n' $at $((at + 8191)) $i
		done
		for i in 72 73; do
			at=$((i << 30))
			printf '  %016x-%016x (prio 0, ram): /objects/the-name-of-a-backend-that-is-longer-than-others-%d owner:{obj path=/x} KVM\n' \
				$at $((at + (1 << 30) - 1)) $i
		done
		printf '  %016x-%016x (prio 0, nv-rom): nvdimm KVM\n' $((80 << 30)) $(((81 << 30) - 1))
		printf '  %016x-%016x (prio 0, ram): dimm0 @%016x owner:{obj path=/x} KVM\n' $((90 << 30)) $(((90 << 30) + 4095)) 4096
	} >mtree
	plan qemu:mtree
	# The last slot shows a part of dimm0, and BARs are no RAM of the guest.
	jq -e '.memory_bytes == 73 * 1073741824 and (.slots | length) == 76' stdout
	vmm plan qemu:mtree --print-config
	[[ $(grep -c '^alias = ' stdout) == 1 ]]
	grep -A1 '^size = 4K' stdout | grep -q '^alias = dimm0'
}

@test "qemu:FILE: a device that SMM's space shows as well is printed as a config that can be read" {
	cat >device <<-'END'
		FlatView #0
		 AS "memory", root: system
		 AS "KVM-SMRAM", root: mem-container-smram
		  0000000000000000-000000003fffffff (prio 0, ram): pc.ram
		  0000001000000000-0000001fffffffff (prio 0, ramd): 0000:01:00.0 BAR 1 mmaps[0] KVM
	END
	vmm plan qemu:device --print-config
	mv stdout printed.ini
	plan printed.ini
	jq -e '.memory_bytes == 1073741824 and [.slots[].space] == ["normal", "normal", "smm", "smm"]' stdout
}
