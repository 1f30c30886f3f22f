# SPDX-License-Identifier: GPL-2.0-only
# Signals at random instants of commands that need no KVM (tests/e2e/signals.bats: those that do): each ends within a second, its
# report is whole or not there, and nothing else is left. EACH=125 for a thousand and more.

setup_file() {
	# A copy: make may link it anew meanwhile.
	cp "$BATS_TEST_DIRNAME/../../minivmm" "$BATS_FILE_TMPDIR" || skip "there is no ./minivmm: make"
	${CC:-gcc} -O2 -Wall -Werror -o "$BATS_FILE_TMPDIR/random-signals" "$BATS_TEST_DIRNAME/../e2e/random-signals.c"
	printf '\t.globl _start\n_start:\t.long 0x1badb002, 0, -0x1badb002\n' | as --32 -o "$BATS_FILE_TMPDIR/one.o"
	ld -m elf_i386 -n -Ttext=0x400000 -o "$BATS_FILE_TMPDIR/one.flat" "$BATS_FILE_TMPDIR/one.o"
	echo one.flat >"$BATS_FILE_TMPDIR/list"
	for i in {1..300}; do
		cp "$BATS_TEST_DIRNAME/../fixtures/report.json" "$BATS_FILE_TMPDIR/$i.json"
	done
}

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	minivmm=$BATS_FILE_TMPDIR/minivmm
	cd "$BATS_TEST_TMPDIR" || exit
}

signalled() { # SIGNALS COMMAND...
	local signals=$1 limit=1000 slowness
	shift
	# Milliseconds. Where the machine is busy, minivmm gives a run SIGNALS_LONGEST_NS.
	slowness=$("$top/tests/limit" --slowness)
	((slowness < 110)) || limit=$((slowness * 29))
	"$BATS_FILE_TMPDIR/random-signals" 1 "${EACH:-20}" 0 "$limit" "$signals" 0,4 \
		"$minivmm" "$@" -o report.json >../said || { echo "$*"; cat ../said; return 1; }
	echo "# $signals: $1: $(tail -n 1 ../said)" >>"$BATS_FILE_TMPDIR/said"
}

# commands SIGNALS
commands() {
	signalled "$1" "$top/configs/transition.ini" vm.device=/nonexistent
	signalled "$1" smoke vm.device=/nonexistent
	signalled "$1" sweep --sizes 64M,1G --slots 1,32
	signalled "$1" kernels "$BATS_FILE_TMPDIR/list" "$top/configs/multiboot.ini" vm.device=/nonexistent
	signalled "$1" plan "$top/configs/max-slots.ini" --kernel all
	signalled "$1" report show "$top/tests/fixtures/report.json"
	signalled "$1" report diff "$top/tests/fixtures/report.json" "$top/tests/fixtures/report.json"
	signalled "$1" report merge "$BATS_FILE_TMPDIR"/*.json
}

teardown_file() {
	[[ ! ${EACH:-} || ! -e $BATS_FILE_TMPDIR/said ]] || cat "$BATS_FILE_TMPDIR/said" >&3
}

# hit SIGNALS PATTERN: one of these signals at least came while a program ran, which ended so.
hit() {
	grep "^# $1: " "$BATS_FILE_TMPDIR/said" | grep -qE "[ ,][1-9][0-9]* ($2)" || { cat "$BATS_FILE_TMPDIR/said"; return 1; }
}

# leaves SIGNAL SECONDS: random-signals, of a program that leaves an instance of the tracer and ends so late.
leaves() {
	cat >../leaver <<-'END'
		#!/bin/sh
		trap 'sleep "$0"; exit 143' TERM
		mkdir "/sys/kernel/tracing/instances/minivmm-$$"
		while :; do sleep 0.01; done
	END
	sed -i "s/\$0/$2/" ../leaver
	chmod +x ../leaver
	# shellcheck disable=SC2016 # for that shell
	unshare -rm sh -c 'mount -t tmpfs none /sys/kernel && mkdir -p /sys/kernel/tracing/instances && exec "$@"' - \
		"$BATS_FILE_TMPDIR/random-signals" 1 2 1000 5000 "$1" 143 "$PWD/../leaver" >../said 2>&1 || { cat ../said; return 1; }
}

@test "what a slow end and SIGKILL may leave is counted, and what nothing may leave is bad" {
	unshare -rm mount -t tmpfs none /sys/kernel 2>/dev/null || skip "no mount namespaces here"
	leaves 15 1.1
	grep -q '^# left: 1 more minivmm-\* in /sys/kernel/tracing/instances, as an end may' ../said
	[[ $(tail -n 1 ../said) == *"; left by these: 2, by SIGKILL: 0" ]]
	leaves 9 0
	grep -q '^# left: 1 more minivmm-\* in /sys/kernel/tracing/instances, as SIGKILL may' ../said
	[[ $(tail -n 1 ../said) == *"; left by these: 0, by SIGKILL: 2" ]]
	! leaves 15 0 || return 1
	grep -qx '# left: 1 more minivmm-\* in /sys/kernel/tracing/instances' ../said
}

@test "HUP, INT, QUIT and TERM" {
	commands 1,2,3,15
	hit 1,2,3,15 'by it before they handled it|reported it'
}
@test "SIGKILL" {
	commands 9
	hit 9 killed
}
