# SPDX-License-Identifier: GPL-2.0-only
# make green's table and exit status, with a script in the lab's place.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	work=$BATS_TEST_TMPDIR
	mkdir -p "$work/tests/lab" "$work/tests/e2e"
	cp "$top/tests/green" "$work/tests"
	cat >"$work/tests/lab/run" <<-'END'
		#!/bin/bash
		while [[ $# -gt 0 ]]; do
			[[ $1 != --outdir ]] || out=$2
			shift
		done
		[[ $KERNEL != 6.1 ]] || exit 125
		mkdir "$out"
		echo "$LAB_TIMEOUT" >>"$(dirname "$0")/timeouts"
		printf '%s\n' '0 2 guard' '4 0 enomem' '2 0 guest-memfd' '- 0 linux-nested' '- 0 multiboot' >"$out/results"
		echo '{"error": null, "checks": [{"result": "pass", "reason": "so", "remedy": null}, {"result": "skip", "reason": "no cgroup", "remedy": "give one"}]}' >"$out/enomem.json"
		[[ ${REPORT:-} == no ]] || echo '{"error": {"text": "KVM has no guest_memfd", "remedy": null}, "checks": []}' >"$out/guest-memfd.json"
		printf 'minivmm: 0.1 s: boot\nminivmm: no guest_memfd\n' >"$out/guest-memfd.err"
		[[ ${RED:-} != "$KERNEL" ]] || { echo '1 1 transition' >>"$out/results"; echo '{}' >"$out/transition.json"; }
	END
	chmod 755 "$work/tests/lab/run"
}

@test "what passes, what the host has not the means for" {
	RUNS=3 run "$work/tests/green" 6.12
	[[ $status == 0 && ${lines[-1]} == "3 passed, 0 failed, 6 skipped" ]]
	[[ $output == *"6.12     guard              3 passed   0 failed   0 skipped   2.0 s each"* ]]
	jq -e '.schema == "minivmm.green/1" and (.runs | length == 9)' "$work/build/green.json"
}

@test "what was skipped has its reason, and what does not run here is named, with what runs it" {
	RUNS=2 run "$work/tests/green" 6.12
	echo "$output"
	[[ $status == 0 && $(grep -c 'no cgroup' <<<"$output") == 1 ]]
	grep -qx '6.12     enomem           no cgroup (remedy: give one)' <<<"$output"
	grep -qx '6.12     guest-memfd      KVM has no guest_memfd' <<<"$output"
	grep -qx 'linux-nested     tests/e2e/linux.bats runs it' <<<"$output"
	grep -qx 'multiboot        tests/e2e/multiboot.bats runs it' <<<"$output"
	jq -e '.skipped == [{kernel: "6.12", config: "enomem", reason: "no cgroup (remedy: give one)"},
		{kernel: "6.12", config: "guest-memfd", reason: "KVM has no guest_memfd"}] and (.left_out | length == 2)' "$work/build/green.json"
	REPORT=no RUNS=1 run "$work/tests/green" 6.12
	grep -qx '6.12     guest-memfd      no guest_memfd' <<<"$output"
}

@test "each config is run here, or by what is named" {
	cd "$top" || return
	local config slow=()
	for config in $(sed -nE 's/^\t\[ "\$VENDOR-\$1" = intel-([^ ]*) \].*/\1/p' tests/e2e/green.sh); do
		[[ -e configs/$config.ini ]] && grep -qE "^\s(.* )?$config( .*)?\) echo \"VENDOR=intel CONFIGS=" tests/green ||
			{ echo "$config"; return 1; }
		slow+=("$config")
	done
	[[ ${#slow[@]} == 1 ]]
	for config in $(sed -nE 's/^\t(.*)\)$/\1/p' tests/e2e/green.sh | tr -d '|'); do
		grep -qE "^\s$(sed 's/\*/\\*/' <<<"$config")\) echo tests/e2e/" tests/green || { echo "$config"; return 1; }
	done
	[[ -e tests/e2e/linux.bats && -e tests/e2e/multiboot.bats ]]
	for config in configs/linux-*.ini; do
		grep -q "/$config" tests/e2e/linux.sh || { echo "$config"; return 1; }
	done
}

@test "the limit: an hour on Intel, which is slow, or what is given" {
	unset LAB_TIMEOUT
	RUNS=1 run "$work/tests/green" 6.12
	VENDOR=intel RUNS=1 run "$work/tests/green" 6.12
	LAB_TIMEOUT=77 RUNS=1 run "$work/tests/green" 6.12
	[[ $(paste -sd ' ' "$work/tests/lab/timeouts") == "900 3600 77" ]]
}

@test "a red run: which, its report, exit status 1" {
	RED=newest RUNS=1 run "$work/tests/green" 6.12 newest
	[[ $status == 1 && ${lines[-1]} == "2 passed, 1 failed, 4 skipped" ]]
	[[ $output == *"newest, run 1: transition ended with 1: build/green/transition.json"* && -e $work/build/green/transition.json ]]
}

@test "a kernel without results is an error" {
	RUNS=1 run "$work/tests/green" 6.1
	[[ $status == 3 && $output == *"6.1, run 1: the lab ended with 125"* ]]
}
