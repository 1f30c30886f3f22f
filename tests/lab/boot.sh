# SPDX-License-Identifier: GPL-2.0-only
# Runs one emulator: makes its folder, waits for its turn, starts it, collects its results, and ends it whatever happens.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # settings: run, lib.sh and the emulator's file

# A folder that nobody holds locked was left behind by an emulator that died.
boot__make_folder() { # sets work
	local folders in_use one
	mkdir -p "$lab_cache"
	exec {folders}>"$lab_cache/folders-lock"
	flock "$folders"
	for one in "$lab_cache"/run.*; do
		[[ ! -e $one ]] || ! flock -n "$one" true || rm -rf "$one"
	done
	work=$(mktemp -d "$lab_cache/run.XXXXXX")
	exec {in_use}<"$work"
	flock "$in_use"
	exec {folders}>&-
}

# One emulator at a time: two would take the processor from each other and run into their time limits.
boot__take_turn() {
	exec {turn}>"$lab_cache/lock"
	flock -w 3 "$turn" || {
		say "waiting for the emulator that is running"
		flock "$turn" &
		child=$!
		wait "$child"
		child=''
	}
}

boot__end_turn() {
	exec {turn}>&-
}

# Called by the traps. The child runs in the background, so that a signal is handled at once.
boot__clean_up() {
	if [[ ${child:-} ]]; then
		kill "$child" 2>/dev/null || true
		wait "$child" || true
	fi
	[[ ${work:-} ]] || return 0
	if [[ ${LAB_KEEP:-0} == 1 ]]; then
		rm -rf "$lab_cache/kept"
		mv "$work" "$lab_cache/kept"
		say "kept: $lab_cache/kept"
	else
		rm -rf "$work"
	fi
}

# The kernel's argument panic=-1 ends the emulator, as a reboot does. On a busy machine timer interrupts come late, and
# without no_timer_check the kernel panics ("IO-APIC + timer doesn't work"). The second line saves time: it turns off
# self-tests and, unless LAB_SIGNED is set, certificates that only verify modules.
boot__arguments() {
	local without=jent_mod_init
	[[ ${LAB_SIGNED:-} ]] || without+=,load_system_certificate_list
	echo "console=ttyS0,115200 quiet panic=-1 oops=panic mitigations=off nowatchdog no_timer_check $emulator_append" \
		"rcupdate.rcu_expedited=1 cryptomgr.notests initcall_blacklist=$without" \
		"${LAB_APPEND:-}"
}

# minivmm names its phases, for boot__explain_crash(). Who has not asked for that does not read it.
boot__pass_on_talk() {
	tee -p "$work/stderr" | if [[ ${lab_progress:-} ]]; then
		grep --line-buffered -vE '^minivmm: [0-9.]+ s: '
	else
		cat
	fi >&2
}

# A kernel that panics in an interrupt may hang in its reboot. Then nothing more comes, and the emulator is ended.
# It has no child, which could outlive it and hold the locks.
boot__end_panicked() { # PID
	local nothing
	exec {nothing}<> <(:)
	until grep -q 'Kernel panic - not syncing' "$work/console" 2>/dev/null; do
		read -r -t 2 -u "$nothing" || true
	done
	read -r -t "${LAB_PANIC_SECONDS:-20}" -u "$nothing" || true
	kill "$1"
}

# The output is passed on while it comes, and kept, to be counted.
boot__run() { # KERNEL INITRD: sets emulator_status
	local out err out_pid err_pid watcher
	exec {out}> >(exec tee -p "$work/stdout")
	out_pid=$!
	exec {err}> >(boot__pass_on_talk)
	err_pid=$!
	emulator__command "$1" "$2" "$(boot__arguments)" "$work/console" "/dev/fd/$out" "/dev/fd/$err" "$work/result"
	"$lab_dir/../limit" "$seconds" "${emulator[@]}" </dev/null >"$work/emulator.log" 2>&1 &
	child=$!
	exec {out}>&- {err}>&-
	boot__end_panicked "$child" &
	watcher=$!
	emulator_status=0
	wait "$child" || emulator_status=$?
	child=''
	kill "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	wait "$out_pid" "$err_pid" || true
}

# Unpacks the results that guest/init sent, if they are complete.
boot__take_result() { # sets status
	local what count
	rm -rf "$work/pass"
	mkdir "$work/pass"
	tar -xzf "$work/result" -C "$work/pass" --no-same-owner 2>/dev/null || return
	while read -r what count; do
		case $what in
		exit) status=$count ;;
		*) [[ $(wc -c <"$work/$what") == "$count" ]] || return ;;
		esac
	done <"$work/pass/status"
}

# The kernel died of a known fault of the emulator's, of which the emulator has none when it is as careful as it can be.
boot__may_try_again() {
	[[ ${emulator_bug:-} ]] && grep -q "$emulator_bug" "$work/console" && emulator__be_careful
}

# Boots, and a second time where the first one ended by the emulator's fault: no verdict is to be had from that.
boot__try() { # KERNEL INITRD: fails without results
	boot__run "$@"
	! boot__take_result || return 0
	boot__may_try_again || return
	say "$emulator_remedy"
	boot__run "$@"
	boot__take_result
}

# A kernel that crashes in KVM has failed: that is a verdict, whoever looked. What minivmm said last names its phase.
boot__explain_crash() { # LOG: sets status
	local report code=0
	if [[ ${emulator_bug:-} ]] && grep -q "$emulator_bug" "$1"; then
		say "the emulated kernel crashed, by a fault of the emulator's (not minivmm's verdict); last lines:"
		return
	fi
	report=$(COLUMNS=200 "$(realpath "$minivmm")" report crash "$1" \
		<(sed -n '/^minivmm: [0-9.]* s: /p' "$work/stderr")) || code=$?
	case $code in
	1)
		status=1
		sed 's/^/lab: /' <<<"$report" >&2
		say "last lines:"
		;;
	0 | 4) say "the emulated kernel crashed (not minivmm's verdict); last lines:" ;;
	*) say "the emulated kernel crashed, and $minivmm can't say whether in KVM (minivmm report crash: status $code); last lines:" ;;
	esac
}

# Called when minivmm gave no verdict: says why, and keeps the console's log.
boot__explain() { # sets status
	local log
	log=$lab_cache/console-$(date +%Y%m%d-%H%M%S).log
	tr -d '\r' <"$work/console" >"$log"
	status=125
	if [[ $emulator_status == 124 || $emulator_status == 137 ]]; then
		status=124
		say "no end after $seconds s of an idle machine (LAB_TIMEOUT sets the limit); the console's last lines:"
	elif grep -q 'reboot: Power down' "$log"; then
		say "the emulated host ended, but what it passed out is damaged; the console's last lines:"
	elif [[ -s $log ]]; then
		boot__explain_crash "$log"
	else
		cat "$work/emulator.log" >&2
		say "the emulator ended before the kernel said a word (status $emulator_status)"
	fi
	grep -E "BUG:|Oops:|Kernel panic" "$log" | head -n 3 >&2 || true
	tail -n 20 "$log" >&2
	say "the whole console: $log"
}
