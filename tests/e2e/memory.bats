# SPDX-License-Identifier: GPL-2.0-only
# Memory that the host can't give is an error with memslot, gpa and reason, exit 3; what is no memory is not opened.

load lab

setup_file() { boot memory.sh; }
setup() { need_boot; }

# lost NAME MEMSLOT REASON: the run ended for want of a page of this memslot, and no check blames KVM.
lost() {
	rc "$1" 3
	json "$1" '.result == "error" and (.error.text | test("^memslot.'"$2"': the memory at gpa 0x[0-9a-f]+ can.t be had \\(SIGBUS\\): '"$3"'"))'
	json "$1" '.error.remedy != null and .guest.trouble == null and [.checks[] | select(.result == "fail")] == []'
	check "$1" teardown.clean pass
}

@test "a full file system, when the VMM writes" {
	lost vmm low "the file system is full"
}

@test "a full file system, when the guest writes" {
	lost kvm data "the file system is full"
	json kvm '[.phases[].name] == ["create", "boot", "touch", "teardown"] and .phases[1].done'
}

@test "a full file system, when memory is populated" {
	lost populate data "the file system is full"
}

@test "a full file system, in a stress phase with several VMs" {
	lost stress data "the file system is full"
}

@test "no huge page in the cgroup" {
	[[ -e $out/huge.json ]] || skip "this kernel has no cgroups of huge pages"
	lost huge data "no huge page is free"
}

@test "memory that vm.overcommit_memory=2 does not promise" {
	rc promised 3
	json promised '(.error.text | startswith("memslot.low: mmap(anon, 0xc0000000): ")) and (.error.remedy | contains("overcommit_memory=2"))'
}

@test "a FIFO, a folder and a device are no memory" {
	rc fifo 3
	rc folder 3
	rc device 3
	json fifo '.error.text == "memslot.data.backing: file:/tmp/fifo is neither a file nor a DAX device"'
	json folder '.error.text | contains("file:/tmp is neither")'
	json device '.error.text | contains("file:/dev/zero is neither")'
}

@test "vm.device is looked at before it is opened" {
	for one in plain tmp fifo null; do
		rc kvm-$one 4
		check kvm-$one host.kvm skip "no KVM device: it is not the character device 10:232"
	done
}
