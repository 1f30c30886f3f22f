#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# minivmm on this host's KVM, L1 only. POSIX sh and jq, so that it runs in the lab as well. Speaks TAP.
#
# usage: suite.sh MINIVMM LABEL [WORDS]     WORDS: only the tests whose descriptions begin with one of them (patterns)
# STOP=1 ends it at the first test that fails.
#
# Hosts differ: root or not, debugfs or not, lazy or eager, two-dimensional or shadow paging, with nesting or without.
# What is asserted holds on each of them: a check that can't be judged is a skip, and exit status 4 is as good as 0.
minivmm=$1 label=${2:+$2: } wanted=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
failures=0
words=$(cat "$here/native.jq")

set -f

# A sanitizer's finding is told from every status of minivmm's.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}exitcode=99 halt_on_error=1"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}print_stacktrace=1"

is_wanted() { # DESCRIPTION
	[ "$wanted" ] || return 0
	for word in $wanted; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in $word*) return ;; esac
	done
	return 1
}

it() { # FUNCTION DESCRIPTION
	is_wanted "$2" || return
	skip=
	if "$1" >"$work/diagnosis" 2>&1; then
		echo "ok - $label$2${skip:+ # SKIP $skip}"
		return
	fi
	echo "not ok - $label$2"
	sed 's/^/# /' "$work/diagnosis"
	failures=$((failures + 1))
	[ "${STOP:-0}" != 1 ] || exit 1
}

# run NAME ARGUMENT...: leaves NAME.json, NAME.out and NAME.err in $work, and the exit status in $status.
run() {
	name=$1
	shift
	rm -f "$work/$name.json"
	"$minivmm" "$@" -o "$work/$name.json" >"$work/$name.out" 2>"$work/$name.err" </dev/null
	status=$?
	sound
}

# No sanitizer has found anything.
sound() {
	! grep -E 'Sanitizer|runtime error:' "$work/$name.err" && [ "$status" != 99 ] && return
	cat "$work/$name.err"
	return 1
}

# ended STATUS...: the last run did so.
ended() {
	for expected; do
		[ "$expected" != "$status" ] || return 0
	done
	echo "$name: exit status $status, not $*"
	cat "$work/$name.out" "$work/$name.err"
	return 1
}

# that FILTER...: jq says true to each of them, of the last run's report. One jq for all: it is slow in the lab.
that() {
	program="$words ["
	for filter; do
		program="$program (try ([$filter] | length > 0 and all) catch false),"
	done
	bad=$(jq -r "$program true] | to_entries[] | select(.value | not) | .key" "$work/$name.json") && [ "$bad" = "" ] && return
	for index in $bad; do
		( shift "$index" && echo "$name: not so: $1" )
	done
	jq -c '{result, exit_status, error, guest, checks: [.checks[] | select(.result != "pass") | {name, result, reason}]}' "$work/$name.json"
	jq -c '.phases[] | {name, do, done, l1_pages, rmap_state, workers}' "$work/$name.json"
	return 1
}

# fine FILTER...: the last run went well, as far as this host can tell, and the filters say true.
fine() {
	ended 0 4 && that went_well "$@"
}

# overlay BASE: a config of this folder with more from standard input; leaves it in $work/overlay.ini.
overlay() {
	printf '[minivmm]\ninclude = %s/%s.ini\n' "$here" "$1" >"$work/overlay.ini"
	cat >>"$work/overlay.ini"
}

# wait_for FILE PATTERN: until a line of it matches, for a minute.
wait_for() {
	turn=0
	until grep -q "$2" "$1" 2>/dev/null; do
		turn=$((turn + 1))
		[ "$turn" -lt 600 ] || return 1
		sleep 0.1
	done
}

# now: hundredths of a second since the host started.
now() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}

# pages_hold FILE STRIDE PAGES BASE: each STRIDE bytes of FILE hold $value + gpa, for PAGES of them; all other pages are 0.
pages_hold() {
	bytes=$(wc -c <"$1") offset=0 left=$3
	while [ "$offset" -lt "$bytes" ]; do
		if [ $((offset % $2)) = 0 ] && [ "$left" -gt 0 ]; then
			printf '%016x\n' $((value + $4 + offset))
			left=$((left - 1))
		else
			echo 0000000000000000
		fi
		offset=$((offset + 4096))
	done >"$work/wanted"
	od -v -An -tx8 "$1" | awk 'NR % 256 == 1 { print $1 }' >"$work/got"
	cmp "$work/wanted" "$work/got" && return
	paste "$work/wanted" "$work/got"
	return 1
}

# Was the last run a child's? TSan stops a child that starts threads where its parent had any.
stopped_by_tsan() {
	grep -q 'threads after multi-threaded fork' "$work/$name.err" || return
	skip="TSan lets a child start no threads where its parent had one: the other sanitizers judge this"
}

# workers OP[:SLOT]...: an overlay of stress.ini, each op as a worker of its name.
workers() {
	for worker; do
		printf '[worker.%s]\nop = %s\n' "${worker%:*}" "${worker%:*}"
		[ "$worker" = "${worker%:*}" ] || echo "slot = ${worker#*:}"
	done | overlay stress
}

# A kernel of ours found all that it looked for.
finds() {
	that '.guest.console | contains("PASS: ") and (contains("FAIL: ") | not)'
}

# shellcheck source=l1.sh
. "$here/l1.sh"
# shellcheck source=slots.sh
. "$here/slots.sh"
# shellcheck source=faults.sh
. "$here/faults.sh"
# shellcheck source=checks.sh
. "$here/checks.sh"
# shellcheck source=stress.sh
. "$here/stress.sh"
# shellcheck source=signals.sh
. "$here/signals.sh"
# shellcheck source=stat.sh
. "$here/stat.sh"
# tests/native/run builds it where it can; the emulated host has tests of its own with it.
if [ "${KERNEL:-}" ]; then
	# shellcheck source=kernels.sh
	. "$here/kernels.sh"
	# shellcheck source=linux.sh
	. "$here/linux.sh"
fi
[ "$failures" = 0 ]
