# SPDX-License-Identifier: GPL-2.0-only
# minivmm headroom measures what minivmm plan plans.

load lab

setup_file() { boot headroom.sh; }
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
@test "16 GiB: within 2 % or 1 MiB of the plan" { within 16g; }
@test "64 GiB: within 2 % or 1 MiB of the plan" { within 64g; }

@test "L2 that maps 128 MiB takes shadow pages, as planned" {
	within touched
	json touched '.planned.shadow_bytes == (64 + 4) * 8192'
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
