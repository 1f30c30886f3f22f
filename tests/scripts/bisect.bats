# SPDX-License-Identifier: GPL-2.0-only
# git bisect with a tree whose commits stand for kernels: one bad from some commit on, one that does not build.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir -p tests/lab bin tree/arch/x86/kvm
	cp "$top/tests/lab/bisect" tests/lab/
	# The lab's exit status is what the kernel is, and make fails where the file says so.
	printf '#!/bin/sh\n[ "$ARGS" = "vm.vcpus=2" ] && [ "$KERNEL" = arch/x86/boot/bzImage ] || exit 3\nexit $(cat arch/x86/kvm/state)\n' >tests/lab/run
	printf '#!/bin/sh\n[ "$(cat arch/x86/kvm/state)" != broken ]\n' >bin/make
	printf '#!/bin/sh\n[ "$*" = "--check ${VENDOR:-amd}" ] && [ ! -e no-emulator ]\n' >tests/lab/deps
	chmod +x tests/lab/* bin/make
	: >minivmm
	PATH=$PWD/bin:$PATH
	: >config.ini
	cd tree || exit
	git init -q . && git config user.email t@example.org && git config user.name t
	: >.config
}

commit() { # STATE NAME
	echo "$1" >arch/x86/kvm/state
	echo "$2" >arch/x86/kvm/name
	git add -A && git commit -qm "$2"
}

@test "git bisect finds the commit, skips what does not build or boot, and passes arguments on" {
	commit 0 first
	commit 0 second
	commit broken third
	commit 125 fourth
	commit 0 fifth
	commit 1 culprit
	commit 1 last
	git bisect start HEAD HEAD~6 >../log
	git bisect run ../tests/lab/bisect ../config.ini vm.vcpus=2 >../log 2>&1 || { cat ../log; return 1; }
	[[ $(git show -s --format=%s refs/bisect/bad) == culprit ]]
	git bisect reset >../log 2>&1
}

@test "each status: good, bad, not to be told, a config that is wrong" {
	local pair
	for pair in 0:0 1:1 124:125 125:125 3:125 4:125 2:128 130:130 broken:125; do
		echo "${pair%:*}" >arch/x86/kvm/state
		status=0
		../tests/lab/bisect ../config.ini vm.vcpus=2 2>/dev/null || status=$?
		[[ $status == "${pair#*:}" ]] || { echo "$pair: $status"; return 1; }
	done
	rm .config
	status=0
	../tests/lab/bisect ../config.ini 2>usage || status=$?
	[[ $status == 128 && $(cat usage) == usage:* ]]
}

@test "a lab that can't be set up ends the bisection: no commit is skipped for it" {
	echo 0 >arch/x86/kvm/state
	: >no-emulator
	status=0
	../tests/lab/bisect ../config.ini vm.vcpus=2 || status=$?
	[[ $status == 128 ]]
	rm no-emulator ../minivmm
	status=0
	../tests/lab/bisect ../config.ini vm.vcpus=2 2>why || status=$?
	[[ $status == 128 && $(cat why) == *"minivmm is missing"* ]]
	status=0
	LAB_MINIVMM=/bin/true ../tests/lab/bisect ../config.ini vm.vcpus=2 || status=$?
	[[ $status == 0 ]]
}
