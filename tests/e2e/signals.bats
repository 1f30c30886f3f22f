# SPDX-License-Identifier: GPL-2.0-only
# Signals end a run at any instant, within a second, and leave a whole report or none.

load lab

setup_file() {
	for one in random-signals block-signal; do
		${CC:-gcc} -O2 -Wall -Werror -static -o "$BATS_FILE_TMPDIR/$one" "$BATS_TEST_DIRNAME/$one.c"
	done
	boot signals.sh --add "$BATS_TEST_DIRNAME/random-signals.sh" --program "$BATS_FILE_TMPDIR/random-signals" --program "$BATS_FILE_TMPDIR/block-signal"
}
setup() { need_boot; }

@test "a run, slots that are made, smoke: signals at random instants, SIGKILL too" {
	rc run 0
	rc slots 0
	rc smoke 0
	# Some came while a run could report them.
	grep -qE '[1-9][0-9]* reported it, [1-9][0-9]* killed, 0 bad' "$out/run.txt" || { cat "$out/run.txt"; return 1; }
}

@test "SIGQUIT says the phase, the vCPUs and the workers, and ends the run like SIGTERM" {
	for one in hang churn child; do
		rc $one 131
		json $one '.exit_status == 131 and .result == "error"'
	done
	grep -q '^minivmm: SIGQUIT: phase control$' "$out/hang.err"
	grep -q '^minivmm: vCPU 1: runs$' "$out/hang.err"
	grep -q '^minivmm: SIGQUIT: phase churn$' "$out/churn.err"
	grep -qE '^minivmm: worker kick: [0-9]+ rounds, 0 failures$' "$out/churn.err"
	[[ $(grep -c '^minivmm: SIGQUIT: phase control$' "$out/child.err") == 1 ]]
	! grep -q 'none yet' "$out/child.err" || return 1
	check hang teardown.clean pass
	# To walk a large VM's rmaps may take longer than the second that is left; workers' phases are judged by it.
	json hang '[.phases[] | {name, seen: (.snapshot.process != null)}] ==
		[{name: "create", seen: true}, {name: "boot", seen: true}, {name: "control", seen: false}, {name: "teardown", seen: true}]'
	check hang arrays.exact pass
	check hang lazy.before pass
	json churn '.phases[] | select(.name == "churn") | .snapshot.process != null'
}

@test "nobody reads standard error: the report says that the run did not end by itself" {
	rc unread 143
	json unread '.error.text == "SIGTERM came in phase teardown, and the run did not end by itself in time"'
	[[ $(($(<"$out/ended") - $(<"$out/sent"))) -lt $(("$(<"$BATS_FILE_TMPDIR/slowness")" * 2)) ]]
}

@test "SIGUSR1 blocked by who starts the program: a vCPU that hangs is still stopped" {
	rc blocked 1
	check blocked guest.clean fail "vCPU 0 did not come back"
}
