#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
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
	# A copy of the config has no room: the environment is to blame, not the config.
	# stderr is a pipe, because a file would lose the end of a message with a long path.
	prlimit --fsize=100 "$minivmm" plan "$config" 2>&1 >stdout | cat >stderr
	[[ ${PIPESTATUS[0]} == 3 && ! -s stdout ]]
	grep -q 'no room for a copy in memory' stderr
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

@test "a reader of help or version that has seen enough is no error" {
	mkfifo pipe
	for what in help version --help "plan --help" "help run"; do
		exec 8<>pipe 9>pipe 8>&-
		status=0
		# shellcheck disable=SC2086 # words
		"$minivmm" $what >&9 2>stderr || status=$?
		exec 9>&-
		[[ $status == 0 && ! -s stderr ]]
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

# ended PID: the process is gone, or waits to be reaped.
ended() {
	[[ ! -e /proc/$1/stat || $(cut -d ' ' -f 3 "/proc/$1/stat") == Z ]]
}

# soon STARTED: 1.5 s have not passed since, or as much longer as work takes now.
soon() {
	local us=$((${EPOCHREALTIME/./} - ${1/./}))
	((us < 15000 * $("$top/tests/limit" --slowness)))
}

# Waits in poll(), for a reader that does not read.
writes() {
	[[ $(cut -d ' ' -f 1 "/proc/$1/syscall" 2>/dev/null) == 7 ]]
}

# bats test_tags=slow
@test "-o FIFO: without a reader an error, and a signal ends the wait for one that is stuck" {
	local file signal started
	mkfifo pipe.json pipe.jsonl
	for file in pipe.json pipe.jsonl; do
		vmm "$config" vm.device=/nonexistent -o $file
		[[ $status == 3 ]]
		grep -q "^minivmm: writing .*$file: nobody reads this FIFO" stderr
		[[ -p $file ]]
	done
	for file in pipe.json pipe.jsonl; do
		for signal in TERM INT HUP; do
			exec 7<>$file
			# Fills the pipe.
			dd if=/dev/zero of=$file oflag=nonblock bs=4096 count=1000 status=none 2>/dev/null || true
			env --default-signal=HUP,INT "$minivmm" "$config" vm.device=/nonexistent -o $file >/dev/null 2>stderr &
			until_true writes $!
			started=$EPOCHREALTIME
			kill -s $signal $!
			until_true ended $!
			soon $started
			status=0
			wait $! || status=$?
			exec 7<&-
			[[ $status == 3 ]]
			grep -q "^minivmm: writing .*$file: Interrupted system call" stderr
		done
	done
	[[ -p pipe.json && -p pipe.jsonl ]]
}

# in_write PID: it waits in write(), for a reader that does not read; any of its threads.
in_write() {
	[[ $(cat "/proc/$1/task"/*/syscall 2>/dev/null) =~ (^|$'\n')1\  ]]
}

# stuck SIGNAL COMMAND...: standard output is a pipe that is full; the signal must end it within a second.
stuck() {
	local signal=$1 started
	shift
	rm -f full
	mkfifo full
	exec 7<>full
	dd if=/dev/zero of=full oflag=nonblock bs=4096 count=1000 status=none 2>/dev/null || true
	env --default-signal=INT,QUIT "$@" >&7 2>stderr 7>&- &
	until_true in_write $!
	started=$EPOCHREALTIME
	kill -s "$signal" $!
	status=0
	wait $! || status=$?
	soon $started
	exec 7<&-
	[[ $status == $((128 + $(kill -l "$signal"))) ]]
}

# bats test_tags=slow
@test "a signal ends a wait for a reader of standard output, and the report is there where it can be" {
	local signal
	for signal in TERM INT HUP QUIT; do
		stuck $signal "$minivmm" "$config" vm.device=/nonexistent -o -
		grep -q '^minivmm: ended by a signal before the result was written: what it is written to may not take it' stderr
		stuck $signal "$minivmm" smoke vm.device=/nonexistent -o $signal.json
		jq -e '.exit_status == 4' $signal.json
	done
}

reads_pipe() { [[ $(readlink "/proc/$1/fd/"*) == *pipe.json* ]]; }
@test "-o FIFO: a slow reader gets the whole report" {
	mkfifo pipe.json
	exec 7<>pipe.json # the reader does not wait for a writer
	cat pipe.json >copy.json 7>&- 3>&- &
	until_true reads_pipe $!
	vmm plan "$top/configs/transition.ini" --kernel all -o pipe.json --format json 7>&-
	exec 7>&-
	[[ $status == 0 ]]
	wait $!
	cmp copy.json stdout
}

@test "-o: what another user may have planted in a folder like /tmp is refused" {
	[[ $EUID == 0 ]] || skip "only root can make files of others"
	mkdir -m 1777 shared
	mkdir -m 755 mine
	mkdir shared/folder
	ln -s "$PWD/mine/report.json" shared/link.json
	ln -s "$PWD/mine" shared/away
	ln -s shared/link.json through.json
	mkfifo shared/pipe.json
	echo old >shared/file.json
	echo old >shared/file.jsonl
	chown -h 65534 shared/*
	for one in shared/link.json shared/away/report.json through.json shared/pipe.json shared/file.json shared/file.jsonl; do
		vmm "$config" vm.device=/nonexistent -o $one
		[[ $status == 3 && ! -s stdout ]]
		grep -q '^minivmm: writing shared/[a-z.]*: it belongs to another user (65534)' stderr
	done
	[[ ! -e mine/report.json && $(cat shared/file.json shared/file.jsonl) == $'old\nold' ]]
	# What is root's own, or in a folder of the other's, is no trap.
	echo old >mine/report.json
	ln -s "$PWD/mine/report.json" shared/own.json
	for one in shared/own.json shared/new.json shared/folder/new.jsonl; do
		vmm "$config" vm.device=/nonexistent -o $one
		[[ $status == 4 && -s $one ]]
	done
	[[ -L shared/own.json ]]
	jq -e .schema mine/report.json
}

@test "-o: another name of a file, in a folder like /tmp, does not lead to that file" {
	mkdir shared
	echo old >victim
	ln victim shared/report.json
	ln victim shared/report.jsonl
	chmod 1777 shared
	# A report replaces the name, not what is in the file.
	for one in shared/report.json shared/report.jsonl; do
		vmm "$config" vm.device=/nonexistent -o $one
		[[ $status == 4 && $(<victim) == old ]]
		jq -e .schema $one
	done
}

@test "-o: links that lead to links, again and again, end" {
	ln -s l1/../l1/../l1/x l0
	for i in {1..30}; do
		ln -s "l$((i + 1))/../l$((i + 1))" "l$i"
	done
	mkdir l31
	status=0
	timeout 20 "$minivmm" "$config" vm.device=/nonexistent -o l0 2>stderr || status=$?
	[[ $status == 3 ]]
	grep -q 'Too many levels of symbolic links' stderr
}

@test "-o: a user who may not search the folders above writes to the folder where they are" {
	[[ $EUID == 0 ]] || skip "only root can be another user"
	mkdir -m 700 closed
	mkdir -m 777 closed/open closed/open/at
	cp "$minivmm" closed/open/minivmm
	cp "$top/tests/fixtures/report.json" closed/open/in.json
	cd closed/open
	ln -s link.json first.json
	ln -s at/out.json link.json
	echo old >at/out.json
	chown -h 65534 ./*.json at/out.json
	for one in new.json new.json first.json; do
		setpriv --reuid 65534 --clear-groups ./minivmm report show in.json -o $one >/dev/null
	done
	cmp new.json at/out.json
	[[ -L first.json && -L link.json && $(ls -A . at | grep -c tmp) == 0 ]]
}

@test "-o: a replaced file keeps mode and owner, a new one has the umask's" {
	echo old >old.json
	chmod 640 old.json
	[[ $EUID != 0 ]] || chown 65534:65533 old.json
	before=$(stat -c '%a %u %g' old.json)
	(umask 027; vmm "$config" vm.device=/nonexistent -o new.json)
	(umask 077; vmm "$config" vm.device=/nonexistent -o old.json)
	[[ $(stat -c '%a %u %g' old.json) == "$before" && -s old.json && $(stat -c %a new.json) == 640 ]]
}

@test "-o: a full file system and a read-only one are errors, exit 3, and nothing is left" {
	[[ $EUID == 0 ]] || skip "only root can mount"
	mkdir full
	mount -t tmpfs -o size=4k tmpfs full 2>/dev/null || skip "this root may not mount a tmpfs"
	trap 'umount full' EXIT
	vmm plan "$top/configs/transition.ini" --kernel all -o full/report.json
	[[ $status == 3 && $(ls -A full) == "" ]]
	grep -q 'writing full/report.json: No space left on device' stderr
	# An old file stays until the new one is there.
	echo old >full/old.jsonl
	vmm "$config" vm.device=/nonexistent -o full/old.jsonl
	[[ $status == 3 && $(ls -A full) == old.jsonl && $(<full/old.jsonl) == old ]]
	grep -q 'writing full/old.jsonl: No space left on device' stderr
	rm full/old.jsonl
	mount -o remount,ro full
	for one in full/report.json full/report.jsonl; do
		vmm "$config" vm.device=/nonexistent -o $one
		[[ $status == 3 && $(ls -A full) == "" ]]
		grep -q 'full/report.jsonl\?"\?: Read-only file system' stderr
	done
	umount full
	trap - EXIT
}

@test "-o: a file that is a mount is written in place, also where its folder is read-only" {
	[[ $EUID == 0 ]] && unshare -m true 2>/dev/null || skip "only root can mount"
	local how status
	for how in rw ro; do
		rm -rf rootfs
		mkdir rootfs
		printf 'old\n%.0s' {1..99999} | tee host.json host.jsonl host.html rootfs/report.json rootfs/report.jsonl >rootfs/page.html
		status=0
		# shellcheck disable=SC2016 # expanded there
		unshare -m sh -ec 'mount --bind rootfs rootfs
			mount --bind host.json rootfs/report.json
			mount --bind host.jsonl rootfs/report.jsonl
			mount --bind host.html rootfs/page.html
			mount -o "remount,bind,$3" rootfs
			for one in report.json report.jsonl; do
				"$0" "$1" vm.device=/nonexistent -o rootfs/$one >/dev/null || [ $? = 4 ]
			done
			"$0" report html rootfs/report.json -o rootfs/page.html' "$minivmm" "$config" - $how || status=$?
		[[ $status == 0 && $(wc -l <host.jsonl) == 1 && $(head -c 9 host.html) == "<!DOCTYPE" && $(tail -n 1 host.html) == "</html>" ]]
		jq -e .schema host.json
		jq -e .schema host.jsonl
		[[ $(cat rootfs/* | sort -u) == old && $(ls -A rootfs | wc -l) == 3 ]]
	done
}

@test "-o: a disk is refused before it is opened" {
	[[ $EUID == 0 ]] || skip "only root can make a device"
	mknod disk b 7 250 || skip "this root may not make a device"
	vmm "$config" vm.device=/nonexistent -o disk
	[[ $status == 3 && -b disk && ! -s stdout ]]
	grep -q 'writing "disk": Invalid argument' stderr
}

@test "-o - is standard output, and nothing else goes there; report reads -" {
	for command in "$config vm.device=/nonexistent" "smoke vm.device=/nonexistent" "plan $config" \
		"report show $top/tests/fixtures/report.json" "report merge $top/tests/fixtures/report.json"; do
		# shellcheck disable=SC2086 # words
		vmm $command -o -
		jq -es 'length == 1 and .[0].schema' stdout
		[[ ! -e - ]]
	done
	vmm "$config" vm.device=/nonexistent -o - --format prom
	grep -q '^# HELP minivmm' stdout
	vmm report html "$top/tests/fixtures/report.json" -o -
	[[ $status == 0 && $(head -c 9 stdout) == "<!DOCTYPE" || $(head -c 9 stdout) == "<!doctype" ]]
	"$minivmm" report show "$top/tests/fixtures/report.json" >expected
	"$minivmm" report show - <"$top/tests/fixtures/report.json" >stdout
	cmp expected stdout
	status=0
	echo '{' | "$minivmm" report show - 2>stderr || status=$?
	[[ $status == 3 ]]
	grep -q '^minivmm: <stdin>:' stderr
}

# caps PID NAME: the process's capabilities, as a number.
caps() {
	echo $((16#$(sed -n "s/^$2:\t//p" "/proc/$1/status")))
}

# CHOWN, DAC_OVERRIDE and FOWNER; SYS_RAWIO and SYSLOG.
files=$((1 << 0 | 1 << 1 | 1 << 3)) kernel=$((1 << 17 | 1 << 34))

reads_without_caps() {
	[[ $(cat "/proc/$1/comm") == minivmm && $(caps "$1" CapEff) == 0 && $(caps "$1" CapBnd) == 0 ]]
}

@test "report parses without a capability, and can only open files" {
	[[ $EUID == 0 ]] || skip "only root has capabilities"
	mkfifo fifo
	"$minivmm" report show fifo >stdout &
	exec 8>fifo
	until_true reads_without_caps $!
	[[ $(caps $! CapPrm) == $(($(caps $$ CapPrm) & files)) ]]
	grep -q '^NoNewPrivs:.1$' "/proc/$!/status"
	cat "$top/tests/fixtures/report.json" >&8
	exec 8>&-
	wait $!
	# Another user's file, in another user's folder, is read, written and keeps its owner.
	mkdir -m 700 theirs
	cp "$top/tests/fixtures/report.json" theirs/in.json
	echo old >theirs/page.html
	chmod 600 theirs/*
	chown -R 65534:65533 theirs
	vmm report html theirs/in.json -o theirs/page.html
	[[ $status == 0 && $(stat -c '%a %u %g' theirs/page.html) == '600 65534 65533' ]]
	grep -q '<html' theirs/page.html
}

@test "plan reads another VMM's description with the capabilities of a run" {
	[[ $EUID == 0 ]] || skip "only root has capabilities"
	mkfifo fifo
	"$minivmm" plan qemu:fifo --kernel 6.12 >stdout &
	exec 8>fifo
	[[ $(caps $! CapPrm) == $(($(caps $$ CapPrm) & (files | kernel))) ]]
	cat "$top/tests/fixtures/machines/qemu-q35.mtree" >&8
	exec 8>&-
	wait $!
}

@test "run and smoke keep of root's capabilities what they need" {
	[[ $EUID == 0 ]] || skip "only root has capabilities"
	for command in "$config" smoke; do
		mkfifo full.json
		exec 7<>full.json
		dd if=/dev/zero of=full.json oflag=nonblock bs=4096 count=1000 status=none 2>/dev/null || true
		# shellcheck disable=SC2086 # words
		"$minivmm" $command vm.device=/nonexistent -o full.json >/dev/null 2>stderr &
		until_true writes $!
		for thread in /proc/$!/task/*; do
			[[ $(caps "${thread#/proc/}" CapPrm) == $(($(caps $$ CapPrm) & (files | kernel))) ]]
			grep -q '^NoNewPrivs:.1$' "$thread/status"
		done
		kill $!
		wait $! || true
		exec 7<&-
		rm full.json
	done
}
