#!/usr/bin/env bats
# What the program must bear: closed descriptors, limits, files that others have planted, readers that are stuck.
load vmm

setup() {
	config=$top/configs/transition.ini
	cd "$BATS_TEST_TMPDIR"
}

# until_true COMMAND...: waits for what must come soon, ten seconds at most.
until_true() {
	local tries=200
	until "$@"; do
		((tries-- > 0)) || return 1
		sleep 0.05
	done
}

# fills PID: the descriptors 1 and 2, which were closed, are no longer free for a file.
fills() {
	[[ $(readlink "/proc/$1/fd/1") == /dev/null && $(readlink "/proc/$1/fd/2") == /dev/null ]]
}

@test "descriptors 0, 1 and 2 that are closed: what is printed lands in no file" {
	status=0
	"$minivmm" "$config" vm.device=/nonexistent -v -o report.jsonl <&- >&- 2>&- || status=$?
	[[ $status == 3 && $(wc -l <report.jsonl) == 1 ]]
	jq -e '.exit_status == 4' report.jsonl
	status=0
	"$minivmm" list keys >&- 2>stderr || status=$?
	[[ $status == 3 && $(cat stderr) == "minivmm: standard output: Bad file descriptor" ]]
	mkfifo config
	"$minivmm" plan - <config >&- 2>&- &
	exec 9>config
	until_true fills $!
	exec 9>&-
	wait $! || true
	status=0
	"$minivmm" plan - <&- >stdout 2>stderr || status=$?
	[[ $status == 2 && ! -s stdout ]]
	grep -q 'Bad file descriptor' stderr
}

@test "a file size limit is an error, exit 3, and no temporary file stays" {
	status=0
	(ulimit -f 1; exec "$minivmm" "$config" vm.device=/nonexistent -o report.json >/dev/null 2>/dev/null) || status=$?
	[[ $status == 3 && $(ls -A) == "" ]]
	(ulimit -f 1; exec "$minivmm" "$config" vm.device=/nonexistent -o report.json 2>&1 >/dev/null) | cat >"$BATS_TEST_TMPDIR/said"
	grep -q '^minivmm: writing report.json: File too large' said
}

@test "a reader that is gone is an error, exit 3" {
	mkfifo pipe
	for what in "list keys" "$config vm.device=/nonexistent"; do
		exec 8<>pipe 9>pipe 8>&-
		status=0
		# shellcheck disable=SC2086 # words
		"$minivmm" $what >&9 2>stderr || status=$?
		exec 9>&-
		[[ $status == 3 ]]
		grep -q '^minivmm: standard output: Broken pipe' stderr
	done
}

@test "gnuplot gets the signals that minivmm ignores as they are by default" {
	mkdir bin
	printf '#!/bin/bash\ngrep SigIgn /proc/self/status >"%s"\n' "$PWD/ignored" >bin/gnuplot
	chmod +x bin/gnuplot
	PATH=$PWD/bin:$PATH "$minivmm" report plot "$top/tests/fixtures/report.json" -o plot.svg
	mask=$((16#$(cut -f 2 ignored)))
	# SIGPIPE is 13, SIGXFSZ 25: bit N-1.
	(((mask >> 12 & 1) == 0 && (mask >> 24 & 1) == 0))
}
