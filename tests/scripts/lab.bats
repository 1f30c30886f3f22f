# SPDX-License-Identifier: GPL-2.0-only
# How the lab handles an emulator that fails. A script stands for the emulator, so that nothing is emulated here.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	work=$BATS_TEST_TMPDIR
	# What the emulators write: the console, and the results as guest/init packs them.
	cat >"$work/emulator" <<-'END'
		console=$1 result=$2 threads=$3 broken=$4 talk=$5
		echo "boots with $threads" >>"$console.boots"
		if [[ " $broken " == *" $threads "* ]]; then
			echo "Oops: int3: 0000 [#1] PREEMPT SMP NOPTI" >"$console"
			exit 0
		fi
		if [[ $broken == crash ]]; then
			cat crash >"$console"
			printf 'minivmm: 0.3 s: create\nminivmm: 1.5 s: transition\n' >"$talk"
			exit 0
		fi
		if [[ $broken == hang ]]; then
			cat crash >"$console"
			echo "Kernel panic - not syncing: Fatal exception in interrupt" >>"$console"
			sleep 600
		fi
		mkdir results && echo "exit 7" >results/status
		tar -czf "$result" -C results .
	END
}

# boot BROKEN: boots, and prints the status that comes out. The emulator has its fault with LAB_THREADS=BROKEN.
boot() {
	cd "$work" || return
	lab_dir=$top/tests/lab lab_cache=$work seconds=60 broken=$1 lab_progress=plain
	minivmm=${MINIVMM:-$top/build/sanitized/minivmm}
	. "$lab_dir/lib.sh"
	. "$lab_dir/emulator-amd.sh"
	. "$lab_dir/boot.sh"
	lab_cache=$work
	emulator__command() { # replaces that of emulator-amd.sh
		emulator=(bash "$work/emulator" "$work/console" "$work/result" "$LAB_THREADS" "$broken" "$6")
	}
	LAB_THREADS=multi
	: >"$work/console"
	boot__try kernel initrd || boot__explain
	echo "status $status"
}

@test "QEMU's stale code: a second boot, with one thread, has the verdict" {
	run boot multi
	echo "$output"
	[[ $output == *"once more, with LAB_THREADS=single"*"status 7" ]]
	[[ $(cat "$work/console.boots") == $'boots with multi\nboots with single' ]]
}

@test "a kernel that crashes again with one thread has crashed" {
	run boot "multi single"
	echo "$output"
	[[ $output == *"the emulated kernel crashed"*"status 125" ]]
	[[ $(wc -l <"$work/console.boots") == 2 ]]
}

@test "a crash in KVM is a FAIL, with its first line, where it was, KVM's functions and the phase" {
	cp "$top/tests/fixtures/consoles/in-kvm.log" "$work/crash"
	run boot crash
	echo "$output"
	[[ $output == *"lab: FAIL: the kernel crashed in KVM, in phase transition
lab:   BUG: unable to handle page fault for address: ffffc9000012f000
lab:   at pte_list_count+0x9/0x30 [kvm]
lab:   called by kvm_mmu_rmaps_stat_show+0x1a1/0x360 [kvm]"*"lab: last lines:"*"status 1" ]]
	[[ $output != *"1.5 s: transition"* ]]
}

@test "a crash that stock kernels are known for says where to read of it" {
	cp "$top/tests/fixtures/consoles/old-slot.log" "$work/crash"
	run boot crash
	[[ $output == *"stock kernels have a bug that crashes like this, but this may be another one: docs/kernel-bugs.md"*"status 1" ]]
}

@test "a crash elsewhere is no verdict" {
	cp "$top/tests/fixtures/consoles/elsewhere.log" "$work/crash"
	run boot crash
	[[ $output == *"the emulated kernel crashed (not minivmm's verdict)"*"status 125" ]]
}

@test "a program that can't read the report of a crash is no verdict" {
	cp "$top/tests/fixtures/consoles/in-kvm.log" "$work/crash"
	printf '#!/bin/sh\nexit 2\n' >"$work/old"
	chmod 755 "$work/old"
	MINIVMM=$work/old run boot crash
	[[ $output == *"can't say whether in KVM (minivmm report crash: status 2)"*"status 125" ]]
}

@test "a kernel that hangs after its panic is not waited for" {
	cp "$top/tests/fixtures/consoles/in-kvm.log" "$work/crash"
	LAB_PANIC_SECONDS=0.1 run boot hang
	echo "$output"
	[[ $output == *"FAIL: the kernel crashed in KVM"*"status 1" ]]
}

@test "a boot that works is the only one" {
	run boot none
	echo "$output"
	[[ $output == "status 7" ]]
	[[ $(wc -l <"$work/console.boots") == 1 ]]
}

@test "two suites that meet an empty cache both have the program that holds a VM" {
	# This compiler ends only when both have begun: each has made its file by then.
	cat >"$work/compiler" <<-'END'
		#!/bin/bash
		while [[ $1 != -o ]]; do shift; done
		echo program >"$2"
		echo begun >>begun
		until [[ $(wc -l <begun) == 2 ]]; do sleep 0.05; done
	END
	chmod 755 "$work/compiler"
	cd "$work" || return
	lab_dir=$top/tests/lab lab_cache=$work
	. "$lab_dir/guest-image.sh"
	mkdir -p one/usr/bin two/usr/bin
	CC=$work/compiler image__add_holder one &
	CC=$work/compiler image__add_holder two
	wait $!
	[[ $(cat one/usr/bin/hold-vm two/usr/bin/hold-vm) == $'program\nprogram' ]]
	[[ $(echo hold-vm*) == hold-vm ]]
}
