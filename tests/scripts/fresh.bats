# SPDX-License-Identifier: GPL-2.0-only
# make fresh: where it refuses, what it says of a failure, and that nothing of it stays. A debootstrap of ours stands in.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir bin tree
	cp -r "$top/tests" tree/tests
	PATH=$PWD/bin:$PATH
	export LAB_ARCHIVE=file:/nowhere LAB_KEYRING=/dev/null
	program debootstrap 'exit 1'
}

program() { # NAME SCRIPT
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

need_root() {
	[[ $(id -u) == 0 ]] || skip "not root"
	unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
}

@test "fresh: who is not root is refused, before anything is made" {
	program id 'echo 1000'
	run tree/tests/fresh
	[[ $status == 3 && $output == "fresh: needs root"* && ! -e tree/build ]]
}

@test "fresh: without debootstrap, tests/setup has its name" {
	program id 'echo 1000'
	program sudo 'exit 1'
	rm bin/debootstrap
	# Only what the script itself needs, so that no debootstrap of this machine is found.
	for name in bash dirname sort; do
		ln -s "$(command -v $name)" bin
	done
	PATH=$PWD/bin run tree/tests/setup fresh
	[[ $status == 3 && $output == *"install: debootstrap"* ]]
}

@test "fresh: a suite that fails is told with its log, and the others are still tried" {
	need_root
	program debootstrap 'echo "no such suite"; exit 7'
	status=0
	tree/tests/fresh one two >stdout 2>stderr || status=$?
	mapfile -t lines <stdout
	cat stdout stderr
	[[ $status == 1 && ${#lines[@]} == 2 ]]
	[[ ${lines[0]} =~ ^one\ +install\ +FAILED\ \(7\)\ +[0-9]+\ s\ +no\ such\ suite$ ]]
	[[ ${lines[1]} == two* && $(<stderr) == *"the whole log: $PWD/tree/build/fresh/one-install.log"* ]]
	[[ $(cat tree/build/fresh/one-install.log) == "no such suite" ]]
}

@test "fresh: killed, it leaves no process and no mount" {
	need_root
	mkfifo started held
	mkdir mounted
	# This pipe ends when the last process that has it has ended.
	program debootstrap "mount -t tmpfs none $PWD/mounted; sleep 1000 & echo >$PWD/started; exec sleep 1000"
	tree/tests/fresh one >/dev/null 2>&1 3>&- 9>held &
	exec {end}<held
	read -r <started
	kill -KILL $!
	timeout 60 cat <&"$end"
	run grep "$PWD/mounted" /proc/self/mounts
	[[ $status == 1 ]]
}

@test "make clean stops at a mount below build/fresh, and says so" {
	need_root
	cp -r "$top/Makefile" "$top/guest" tree
	mkdir -p tree/build/fresh/one/dev kept
	touch kept/file
	run unshare --mount sh -c 'mount -t tmpfs none tree/build/fresh/one/dev && cp kept/file tree/build/fresh/one/dev &&
		make -s -C tree clean; ls tree/build/fresh/one/dev'
	echo "$output"
	[[ $output == *"different device"*file ]]
	run make -s -C tree clean
	[[ $status == 0 && ! -e tree/build/fresh ]]
}
