# SPDX-License-Identifier: GPL-2.0-only
# tests/limit and tests/run, on which every suite depends.

setup() {
	limit=$BATS_TEST_DIRNAME/../limit
	run_suites=$BATS_TEST_DIRNAME/../run
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "limit: the command's output, input and exit status pass through" {
	[[ $(echo word | "$limit" 100 cat) == word ]]
	run "$limit" 100 sh -c 'exit 7'
	[[ $status == 7 ]]
	run "$limit" 0 sh -c 'kill -KILL $$'
	[[ $status == 137 ]]
	run "$limit" soon true
	[[ $status == 125 ]]
}

@test "limit: what hangs is stopped with all that it started, exit 124" {
	# If the loop may take 100 seconds, no machine counts as busy.
	LIMIT_IDLE_US=100000000 run "$limit" 1 sh -c 'sleep 1000 & echo $! >child; wait'
	[[ $status == 124 ]]
	# The killed child is a zombie until its new parent waits for it.
	[[ ! -e /proc/$(cat child) || $(cut -d " " -f 3 "/proc/$(cat child)/stat") == Z ]]
}

@test "limit: on a machine ten times slower, the seconds are ten times longer" {
	# If the loop should take 40 microseconds, this machine counts as about a thousand times slower.
	LIMIT_IDLE_US=40 run "$limit" 1 sleep 5
	[[ $status == 0 ]]
}

@test "limit: --slowness is 100 where the machine is as fast as an idle one, else more" {
	[[ $(LIMIT_IDLE_US=100000000 "$limit" --slowness) == 100 ]]
	[[ $(LIMIT_IDLE_US=40 "$limit" --slowness) -gt 1000 ]]
}

@test "limit: a signal is passed on" {
	"$limit" 100 sh -c 'trap "echo ended >trace; exit 3" TERM; touch ready; while :; do sleep 0.1; done' &
	until [[ -e ready ]]; do sleep 0.1; done
	kill $!
	status=0
	wait $! || status=$?
	[[ $status == 3 && $(cat trace) == ended ]]
}

@test "run: the sum, in the order of the arguments; a suite that says nothing has failed" {
	TEST_JOBS=2 run "$run_suites" logs 'slow: until [[ -e go ]]; do sleep 0.1; done; echo ok 1; echo "ok 2 - x # SKIP no"' \
		'red: touch go; echo not ok 1 - why; exit 1' 'silent: true' -- 'alone: echo ok 1'
	echo "$output"
	[[ $status == 1 && ${lines[-1]} == "2 passed, 2 failed, 1 skipped" ]]
	[[ $(grep -oE '^(slow|red|silent|alone) ' <<<"$output" | tr -d ' \n') == slowredsilentalone ]]
	grep -qx 'not ok 1 - why' <<<"$output"
}

@test "run: SIGINT has its effect in a suite, even where it was ignored, and ends tests/run with its suites" {
	run env --ignore-signal=INT "$run_suites" logs 'signal: kill -INT $BASHPID; echo not ok 1' 'other: echo ok 1'
	echo "$output"
	[[ $status == 1 && ${lines[-1]} == "1 passed, 1 failed, 0 skipped" ]]
	grep -qx 'not ok - the suite ended with status 130' logs/signal.tap
	"$run_suites" logs 'long: trap "touch gone; exit" TERM; touch ready; while :; do sleep 0.1; done' &
	until [[ -e ready ]]; do sleep 0.1; done
	kill $!
	! wait $! || return 1
	until [[ -e gone ]]; do sleep 0.1; done
}

@test "run: the slowest suites are named before the last line, where any is slow" {
	run "$run_suites" logs 'quick: echo ok 1' 'slow one: sleep 10.1; echo ok 1'
	[[ $status == 0 && ${lines[-1]} == "2 passed, 0 failed, 0 skipped" ]]
	[[ ${lines[-2]} =~ ^"slowest: slow one 1"[0-9]"s"$ ]]
	run "$run_suites" logs 'quick: echo ok 1'
	[[ $output != *slowest* ]]
}

@test "run: after -- one at a time, beside the others; after another -- alone" {
	TEST_JOBS=3 run "$run_suites" logs 'beside: until [[ -e begun ]]; do sleep 0.1; done; sleep 1; touch done; echo ok 1' \
		-- '1: mkdir lane && touch begun && sleep 0.5 && rmdir lane && echo ok 1' \
		'2: mkdir lane && [[ ! -e done ]] && sleep 1 && rmdir lane && echo ok 1' \
		-- 'alone: [[ -e done ]] && mkdir lane && sleep 0.5 && touch again && rmdir lane && echo ok 1' \
		'last: [[ -e again ]] && mkdir lane && echo ok 1'
	echo "$output"
	[[ $status == 0 && ${lines[-1]} == "5 passed, 0 failed, 0 skipped" ]]
	[[ $(grep -oE '^(beside|1|2|alone|last) ' <<<"$output" | tr -d ' \n') == beside12alonelast ]]
}
