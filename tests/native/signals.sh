# SPDX-License-Identifier: GPL-2.0-only
# How signals end a run. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

# signalled SIGNAL NUMBER ARGUMENT...: minivmm gets it $pause seconds after the phase $phase has begun, and ends with a report:
# within a second, and where the machine is busy, within twice as much more as it took to start.
# It runs in the foreground: in the background a shell has it ignore SIGINT, and so does one that this shell was started by.
signalled() {
	signal=$1 number_of=$2 name=signal-$1
	shift 2
	rm -f "$work/pid" "$work/$name.json" "$work/sent"
	: >"$work/$name.err"
	before=$(now)
	(
		wait_for "$work/$name.err" "$phase" && sleep "$pause" && now >"$work/sent" && kill -s "$signal" "$(cat "$work/pid")"
	) &
	killer=$!
	# shellcheck disable=SC2016,SC2086 # for the inner shell to expand; words
	$default_signals sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$minivmm" "$@" --progress plain \
		-o "$work/$name.json" >"$work/$name.out" 2>"$work/$name.err" </dev/null
	status=$?
	after=$(now)
	wait "$killer"
	sound && ended $((128 + number_of)) && that ".exit_status == $((128 + number_of))" || return
	sent=$(cat "$work/sent")
	# Where it took long to begin, it may take so long to end that minivmm ends it.
	if [ $((sent - before - 100 * pause)) -gt 40 ] &&
		jq -e '.error.text // "" | contains("did not end by itself in time")' "$work/$name.json" >/dev/null; then
		skip="this machine is too busy: the run had to be ended"
		return
	fi
	that '.phases[-1].do == "teardown"' 'judged("process.clean"; "pass")' || return
	[ $((after - sent)) -lt $((100 + 2 * (sent - before - 100 * pause))) ] && return
	echo "ended $((after - sent)) hundredths of a second after the signal, which came $((sent - before)) after the start"
	return 1
}
default_signals=
# shellcheck disable=SC2209 # a command
if env --default-signal true 2>/dev/null; then default_signals="env --default-signal"; fi

signals_while_touching() {
	phase='touch' pause=0
	for signal in INT:2 HUP:1; do
		signalled "${signal%:*}" "${signal#*:}" "$here/l1.ini" phase.touch.touch=6T vm.vcpus=2 phase.touch.timeout=60s || return
		[ "$skip" ] ||
			that '[.phases[] | [.do, .done]] == [["create", true], ["boot", true], ["touch", false], ["teardown", true]]' || return
	done
}

# The signal may come before a vCPU has done its first round.
signals_while_stressing() {
	# A round of the guest takes long where each page fault does and the machine is busy.
	phase=churn pause=1
	workers mprotect:data
	signalled TERM 15 "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=60s phase.churn.touch=8K worker.mprotect.rate=100/s || return
	[ "$skip" ] ||
		that 'judged("stress.clean"; "pass"; "none")' 'judged("memory.intact"; "pass")' \
		'[phase("churn") | .workers[] | select(.worker) | .rounds > 0] | all'
}

# SIGQUIT tells what runs before it ends it.
quit() {
	workers signal-kick
	phase=churn pause=0
	signalled QUIT 3 "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=60s || return
	[ ! "$skip" ] || return 0
	# Only a stress phase has workers to name.
	for line in '[0-9.]* s: boot (2 of 6)$' '[0-9.]* s: churn: signal-kick (4 of 6)$' 'SIGQUIT: phase churn' 'vCPU 0: ' 'vCPU 1: ' \
		'worker signal-kick: [0-9]* rounds, 0 failures'; do
		grep -q "^minivmm: $line" "$work/$name.err" || { echo "no $line" && cat "$work/$name.err" && return 1; }
	done
}

ignored_hangup() {
	name='nohup'
	: >"$work/nohup.err"
	( trap '' HUP && exec "$minivmm" "$here/stress.ini" phase.churn.iterations=any phase.churn.duration=1s --progress plain \
		-o "$work/nohup.json" >"$work/nohup.out" 2>"$work/nohup.err" ) &
	pid=$!
	wait_for "$work/nohup.err" churn && kill -HUP "$pid"
	wait "$pid"
	status=$?
	sound && fine
}

it signals_while_touching "signals: SIGINT and SIGHUP end a phase within a second"
it signals_while_stressing "signals: SIGTERM ends a stress"
it quit "signals: SIGQUIT tells what runs, and ends it"
it ignored_hangup "signals: what is ignored stays ignored"
