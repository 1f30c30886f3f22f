# SPDX-License-Identifier: GPL-2.0-only
# A guest can make the OOM killer kill its VMM, by its first nested guest. The smallest headroom that
# prevents it, found by bisection, is the planned one.

load lab

setup_file() { boot cgroup.sh; }
setup() { need_boot; }

said() { sed -n "s/^$1 //p" "$out/verdict"; }

@test "with too little headroom the VMM is killed, and the kernel names the first shadow root" {
	cat "$out/verdict" "$out/steps"
	[[ $(said killed_status) == 137 && $(said killed_oom) -ge 1 ]]
	[[ $(said killed_at) == *mmu_first_shadow_root_alloc* || $(said killed_at) == *memslot_rmap_alloc* ]]
}

@test "a run that its cgroup has no room for is refused with figures" {
	rc refused 4
	json refused '.error.text | test("takes .* MiB of the kernel.s memory and .* of the guest.s, .* in all: more than the .* that memory.max of /sys/fs/cgroup/vm, 100 MiB, leaves")'
}

@test "one that is killed all the same has left a report, which names the phase" {
	rc killed 137
	json killed '.exit_status == 137 and .signal == "SIGKILL" and .result == "error"'
	json killed '.error.text | test("the kernel killed this run in phase transition: its cgroup had no memory left")'
	json killed '.error.remedy | test("KVM.s arrays take 160.7 MiB of this layout; memory.max of /sys/fs/cgroup/vm is ")'
}

@test "under the same limit a nested guest without NPT does no harm" {
	[[ $(said control_status) == [04] ]]
}

@test "the bisected headroom is the planned one, within 5 %" {
	local headroom planned
	headroom=$(said headroom) planned=$(said planned)
	echo "headroom $headroom, planned $planned"
	((planned > 0 && headroom * 100 > planned * 95 && headroom * 100 < planned * 105))
}
