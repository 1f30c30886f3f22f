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
		printf '%s\n' '0 2 guard' '4 0 enomem' '2 0 guest-memfd' >"$out/results"
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

@test "a red run: which, its report, exit status 1" {
	RED=newest RUNS=1 run "$work/tests/green" 6.12 newest
	[[ $status == 1 && ${lines[-1]} == "2 passed, 1 failed, 4 skipped" ]]
	[[ $output == *"newest, run 1: transition ended with 1: build/green/transition.json"* && -e $work/build/green/transition.json ]]
}

@test "a kernel without results is an error" {
	RUNS=1 run "$work/tests/green" 6.1
	[[ $status == 3 && $output == *"6.1, run 1: the lab ended with 125"* ]]
}
