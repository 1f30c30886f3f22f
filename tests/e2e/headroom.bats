# SPDX-License-Identifier: GPL-2.0-only
# A guest can make the OOM killer kill its VMM, by its first nested guest. The smallest headroom that prevents it, which
# minivmm headroom measures, is the one that minivmm plan plans.

load lab

setup_file() {
	local more=()
	[[ ! ${MORE:-} ]] || more=(--add "$BATS_FILE_TMPDIR/more")
	: >"$BATS_FILE_TMPDIR/more"
	boot headroom.sh "${more[@]}"
}
setup() { need_boot; }

# within NAME: the measured headroom is the planned one, within 2 % or 1 MiB.
within() {
	rc "$1" 0
	json "$1" '(.measured.headroom_bytes - .planned.headroom_bytes | if . < 0 then - . else . end) as $off |
		$off <= 1048576 or $off * 50 <= .planned.headroom_bytes'
	json "$1" '[.trials[] | select(.what == "nested" and (.survived | not)) | .oom_kills] | length > 0'
	json "$1" '.measured.limit_bytes == ([.trials[] | select(.what == "nested" and .survived and .limit_bytes != null) | .limit_bytes] | min)'
}

@test "1 GiB: within 2 % or 1 MiB of the plan" { within 1g; }
@test "16 GiB: within 2 % or 1 MiB of the plan" {
	[[ ${MORE:-} ]] || skip "MORE=1 measures it"
	within 16g
}
@test "64 GiB: within 2 % or 1 MiB of the plan" { within 64g; }

@test "transition.ini: what L2 is the first to write is guest memory, and no part of the headroom" {
	within shipped
	json shipped '.planned.shadow_bytes == (33 + 3) * 8192 and .measured.headroom_bytes < 12 * 1048576'
}

@test "L2 that maps 384 MiB takes shadow pages, as planned" {
	[[ ${MORE:-} ]] || skip "MORE=1 measures it"
	within touched
	json touched '.planned.shadow_bytes == (192 + 4) * 8192 and .planned.shadow_bytes > 1.5 * 1048576'
}

@test "a config without a nested guest is refused" {
	rc none 2
	grep -q 'no phase runs L2 under nested paging' "$out/none.err"
	[[ ! -e $out/none.json ]]
}

@test "a signal ends it, and no cgroup is left" {
	rc signal 143
	[[ ! -s $out/left && ! -e $out/signal.json ]]
}

@test "what a cgroup is charged more with NPT than without is the plan, within 5 %" {
	local taken planned
	rc before 0 || rc before 4
	rc after 0 || rc after 4
	rc plan 0
	taken=$(<"$out/taken") planned=$(jq '.plan[0].first_entry_bytes' "$out/plan.txt")
	echo "taken $taken, planned $planned"
	((planned > 0 && taken * 100 > planned * 95 && taken * 100 < planned * 105))
}

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
