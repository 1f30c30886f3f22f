# SPDX-License-Identifier: GPL-2.0-only
# -o of every command that takes it, to every kind of file that another user, a full disk or a mistake can put there: an error
# that names the file, exit status 3, what was there is still there, and nothing else is left.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	minivmm=$top/minivmm fixture=$top/tests/fixtures/report.json
	[[ -x $minivmm ]] || skip "there is no ./minivmm: make"
	[[ $EUID == 0 ]] || skip "only root can make files of others"
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir at
	mapfile -t tried < <(printf '%s\n' "${commands[@]}")
	has_cgroup || mapfile -t tried < <(printf '%s\n' "${commands[@]}" | grep -vx headroom)
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/at" || umount "$BATS_TEST_TMPDIR/at"
}

commands=(run "run journal" smoke plan sweep kernels headroom "report show" "report diff" "report merge" "report plot" "report html" "report crash")

# headroom ends before it opens an output where it finds no cgroup.
has_cgroup() {
	[[ $("$minivmm" headroom "$top/configs/transition.ini" vm.device=/nonexistent 2>&1 </dev/null) != *"no cgroup"* ]]
}

# words COMMAND: how to start it, in ${words[@]}; its output's file is $file.
words() {
	local suffix=json
	case $1 in
	"run journal" | run | headroom) words=("${1%% *}" "$top/configs/transition.ini" vm.device=/nonexistent) ;;
	smoke) words=(smoke vm.device=/nonexistent) ;;
	plan) words=(plan "$top/configs/transition.ini") ;;
	sweep) words=(sweep --sizes 64M --slots 1) ;;
	kernels)
		[[ -e one.flat ]] || one_kernel
		words=(kernels list "$top/configs/multiboot.ini" vm.device=/nonexistent)
		;;
	"report diff") words=(report diff "$fixture" "$fixture") ;;
	*) words=(report "${1#* }" "$fixture") ;;
	esac
	[[ $1 != "report plot" ]] || suffix=svg
	[[ $1 != "run journal" ]] || suffix=jsonl
	file=at/file.$suffix
}

# A multiboot header alone is a kernel; nothing runs it here.
one_kernel() {
	printf '\t.globl _start\n_start:\t.long 0x1badb002, 0, -0x1badb002\n' | as --32 -o one.o
	ld -m elf_i386 -n -Ttext=0x400000 -o one.flat one.o
	echo one.flat >list
}

# refused COMMAND MESSAGE: the error says it; at/ is as it was.
refused() {
	local status=0 before after
	before=$(ls -lAi --time-style=full-iso at)
	"$top/tests/limit" 30 "$minivmm" "${words[@]}" -o "$file" >stdout 2>stderr </dev/null || status=$?
	after=$(ls -lAi --time-style=full-iso at)
	[[ $status == 3 && $before == "$after" ]] && grep -qE "^minivmm: .*file\.[a-z]*\"?: $2" stderr || {
		printf '%s: exit status %s, expected: %s\n' "$1" $status "$2"
		diff <(echo "$before") <(echo "$after")
		cat stderr
		return 1
	}
}

# all MESSAGE MAKE...: MAKE makes "$file", for each command.
all() {
	local message=$1 command
	shift
	for command in "${tried[@]}"; do
		words "$command"
		"$@"
		refused "$command" "$message"
		rm -rf --one-file-system at/*
	done
}

fifo() { mkfifo "$file"; }
folder() { mkdir "$file"; }
disk() { mknod "$file" b 7 250; }
loop() { ln -s "${file##*/}" "$file"; }
socket() { python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$file"; }
foreign_file() { echo old >"$file" && chown 65534 "$file"; }
foreign_link() { ln -s "$PWD/victim" "$file" && chown -h 65534 "$file"; }
foreign_fifo() { mkfifo "$file" && chown 65534 "$file"; }
nothing() { :; }

@test "the commands here are all that take -o, with stat, which needs VMs" {
	for command in $("$minivmm" help | sed -nE 's/^  minivmm ([a-z]+) .*/\1/p') "report "{show,diff,merge,plot,html}; do
		# shellcheck disable=SC2086 # words
		"$minivmm" $command --list-options 2>/dev/null | grep -q '^--output=' || continue
		[[ $command == report || $command == stat || " ${commands[*]} " == *" $command "* ]] || { echo "$command"; return 1; }
	done
}

@test "headroom is tried, too" { has_cgroup || skip "minivmm headroom finds no cgroup here"; }
@test "a FIFO that nobody reads" { all 'nobody reads this FIFO$' fifo; }
@test "a folder" { all 'Is a directory$' folder; }
@test "a symbolic link to itself" { all 'Too many levels of symbolic links$' loop; }
@test "a socket" { all 'No such device or address$' socket; }

@test "a disk" {
	mknod disk b 7 250 || skip "this root may not make a device"
	all 'Invalid argument$' disk
}

@test "what another user has planted in a folder like /tmp" {
	chmod 1777 at
	for what in foreign_file foreign_link foreign_fifo; do
		all 'it belongs to another user \(65534\), in a folder where anyone may create files$' $what
	done
	[[ ! -e victim ]]
}

# mounted OPTIONS...: a tmpfs on at/.
mounted() {
	mount -t tmpfs -o "$1" tmpfs at 2>/dev/null || skip "this root may not mount a tmpfs"
}

@test "a file system that is full, has no inode left, or is read-only" {
	full() { head -c 4096 /dev/zero >at/other; }
	mounted size=4k
	all 'No space left on device$' full
	umount at
	no_inodes() { : >at/other; }
	mounted nr_inodes=2
	all 'No space left on device$' no_inodes
	umount at
	mounted ro
	all 'Read-only file system$' nothing
}

@test "a quota that is used up" {
	# Debian's kernels have quotas of tmpfs and ext4 turned off or in modules; those of btrfs come with it, and root has them, too.
	truncate -s 120M image
	mkfs.btrfs -q image >/dev/null 2>&1 || skip "mkfs.btrfs is missing: install btrfs-progs"
	mount -o loop image at 2>/dev/null || skip "this root may not mount a btrfs"
	btrfs -q quota enable at
	btrfs -q subvolume create at/limited
	btrfs -q qgroup limit 64K at/limited
	umount at
	mount -o loop,subvol=limited image at
	used_up() { ! head -c 300000 /dev/zero 2>/dev/null >at/other; }
	all 'Disk quota exceeded$' used_up
	# So it is with what is to be replaced.
	words plan
	btrfs -q qgroup limit none at
	echo old >"$file"
	btrfs -q qgroup limit 1K at
	refused plan 'Disk quota exceeded$'
	[[ $(<"$file") == old ]]
}

@test "descriptors that are closed: nothing but the report is in its file" {
	for command in "${tried[@]}"; do
		[[ $command != headroom ]] || continue
		words "$command"
		for closed in ">&-" "<&- >&- 2>&-"; do
			status=0
			eval '"$minivmm" "${words[@]}" -o "$file"' "$closed" >stdout 2>stderr || status=$?
			[[ $status == 0 || $status == 3 || $status == 4 ]]
			case $file in
			*.svg) xmllint --noout "$file" ;;
			*) [[ $command == "report html" ]] && tail -n 1 "$file" | grep -q '^</html>$' || jq -es 'length == 1' "$file" >/dev/null ;;
			esac || { echo "$command $closed"; head -c 200 "$file"; return 1; }
			rm "$file"
		done
	done
}

@test "a limit of the size of files" {
	for command in "${tried[@]}"; do
		words "$command"
		# A pipe is not limited; a file for stderr would be, and would lose the end of a message with a long path.
		prlimit --fsize=100 "$minivmm" "${words[@]}" -o "$file" 2>&1 >/dev/null | cat >stderr
		[[ ${PIPESTATUS[0]} == 3 && $(ls -A at) == "" ]] && grep -qE 'File too large|no room for a copy in memory' stderr ||
			{ echo "$command"; cat stderr; return 1; }
	done
}
