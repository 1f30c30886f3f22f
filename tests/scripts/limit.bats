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
	LIMIT_IDLE_US=40 run "$limit" 1 sleep 3
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
	TEST_JOBS=2 run "$run_suites" logs 'slow: until [[ -e go ]]; do sleep 0.1; done; echo ok 1; echo "ok 2 - x # SKIP no"; echo "not ok 3 # SKIP cmocka"' \
		'red: touch go; echo not ok 1 - why; exit 1' 'silent: true' -- 'alone: echo ok 1'
	echo "$output"
	[[ $status == 1 && ${lines[-1]} == "2 passed, 2 failed, 2 skipped" ]]
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
	SLOW=3 run "$run_suites" logs 'quick: echo ok 1' 'slow one: sleep 3.1; echo ok 1'
	[[ $status == 0 && ${lines[-1]} == "2 passed, 0 failed, 0 skipped" ]]
	[[ ${lines[-2]} =~ ^"slowest: "(.*", ")?"slow one "[1-9][0-9]*s ]]
	run "$run_suites" logs 'quick: echo ok 1'
	[[ $output != *slowest* ]]
}

@test "run: after -- two at a time, beside the others; after another -- alone" {
	TEST_JOBS=2 run "$run_suites" logs \
		'beside: for ((i = 0; i < 300; i++)); do [[ ! -e third ]] || break; sleep 0.1; done; [[ -e third ]] && touch done && echo ok 1' \
		-- '1: until [[ -e second ]]; do sleep 0.1; done; sleep 0.5 && touch first && echo ok 1' \
		'2: touch second; until [[ -e first ]]; do sleep 0.1; done; echo ok 1' \
		'3: [[ -e first && ! -e done ]] && touch third && mkdir lane && sleep 1 && rmdir lane && echo ok 1' \
		-- 'alone: [[ -e done ]] && mkdir lane && sleep 0.5 && touch again && rmdir lane && echo ok 1' \
		'last: [[ -e again ]] && mkdir lane && echo ok 1'
	echo "$output"
	[[ $status == 0 && ${lines[-1]} == "6 passed, 0 failed, 0 skipped" ]]
	[[ $(grep -oE '^(beside|1|2|3|alone|last) ' <<<"$output" | tr -d ' \n') == beside123alonelast ]]
	# With one CPU each has it for itself.
	TEST_JOBS=1 run "$run_suites" logs 'beside: mkdir only && sleep 0.3 && rmdir only && echo ok 1' \
		-- '1: mkdir only && sleep 0.3 && rmdir only && echo ok 1' '2: mkdir only && sleep 0.3 && rmdir only && echo ok 1'
	[[ $status == 0 && ${lines[-1]} == "3 passed, 0 failed, 0 skipped" ]]
}

@test "run: what needs the build waits for it; what needs nothing runs beside it" {
	TEST_JOBS=2 run "$run_suites" logs --build 'until [[ -e lane ]]; do sleep 0.1; done; echo CC; touch built' \
		'beside: [[ -e built ]] && echo ok 1' -- 'lane: touch lane && echo ok 1' --wait 'waits: [[ -e built ]] && echo ok 1' \
		-- 'alone: [[ -e built ]] && echo ok 1'
	echo "$output"
	[[ $status == 0 && ${lines[0]} == CC && ${lines[-1]} == "4 passed, 0 failed, 0 skipped" ]]
	# With one CPU nothing runs beside it.
	rm built lane
	TEST_JOBS=1 run "$run_suites" logs --build '[[ ! -e lane ]] && touch built' 'beside: [[ -e built ]] && echo ok 1' \
		-- 'lane: touch lane && echo ok 1'
	[[ $status == 0 && ${lines[-1]} == "2 passed, 0 failed, 0 skipped" ]]
}

@test "run: where the build fails no other suite begins, and what runs is ended" {
	TEST_JOBS=2 run "$run_suites" logs --build 'until [[ -e lane ]]; do sleep 0.1; done; echo "no.c:1: error"; exit 2' \
		'beside: touch begun; echo ok 1' -- 'first: echo not ok 1; exit 1' \
		'lane: trap "touch gone; exit" TERM; touch lane; while :; do sleep 0.1; done' \
		--wait 'waits: touch begun; echo ok 1' -- 'alone: touch begun; echo ok 1'
	echo "$output"
	[[ $status == 1 && ${lines[0]} == "no.c:1: error" && ${lines[-1]} == "0 passed, 2 failed, 0 skipped" ]]
	grep -q '^first  *0 passed   1 failed' <<<"$output"
	[[ -e gone && ! -e begun ]]
	# It may fail after all suites have ended, each with its tests/limit.
	TEST_JOBS=2 run "$run_suites" logs \
		--build 'until [[ -s limit ]]; do sleep 0.1; done; while kill -0 $(<limit); do sleep 0.1; done; exit 2' \
		-- 'lane: echo $PPID >limit; echo ok 1'
	echo "$output"
	[[ $status == 1 && ${lines[-1]} == "1 passed, 1 failed, 0 skipped" ]]
}

@test "check: every suite is in the list before anything is built" {
	mkdir -p copy/tests/{unit,cli,scripts}
	cp "$BATS_TEST_DIRNAME/../check" copy/tests
	touch copy/tests/unit/test_one.c copy/tests/{cli,scripts}/one.bats
	printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >copy/tests/run
	chmod +x copy/tests/run
	run copy/tests/check --build 'make all'
	[[ $status == 0 && ${lines[1]} == --build && ${lines[2]} == "make all" ]]
	grep -qxF 'unit one: CMOCKA_MESSAGE_OUTPUT=TAP build/sanitized/unit/test_one' <<<"$output"
}
