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
