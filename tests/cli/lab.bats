# SPDX-License-Identifier: GPL-2.0-only
# How the lab handles an emulator that fails. A script stands for the emulator, so that nothing is emulated here.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	work=$BATS_TEST_TMPDIR
	# What the emulators write: the console, and the results as guest/init packs them.
	cat >"$work/emulator" <<-'END'
		console=$1 result=$2 threads=$3 broken=$4
		echo "boots with $threads" >>"$console.boots"
		if [[ " $broken " == *" $threads "* ]]; then
			echo "Oops: int3: 0000 [#1] PREEMPT SMP NOPTI" >"$console"
			exit 0
		fi
		mkdir results && echo "exit 7" >results/status
		tar -czf "$result" -C results .
	END
}

# boot BROKEN: boots, and prints the status that comes out. The emulator has its fault with LAB_THREADS=BROKEN.
boot() {
	cd "$work" || return
	lab_dir=$top/tests/lab lab_cache=$work seconds=60 broken=$1
	. "$lab_dir/lib.sh"
	. "$lab_dir/emulator-amd.sh"
	. "$lab_dir/boot.sh"
	lab_cache=$work
	emulator__command() { # replaces that of emulator-amd.sh
		emulator=(bash "$work/emulator" "$work/console" "$work/result" "$LAB_THREADS" "$broken")
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

@test "a boot that works is the only one" {
	run boot none
	echo "$output"
	[[ $output == "status 7" ]]
	[[ $(wc -l <"$work/console.boots") == 1 ]]
}
