# SPDX-License-Identifier: GPL-2.0-only
# How a Linux guest ends, and what its VMM, its terminal and its host are left with.

load lab

setup_file() {
	${CC:-gcc} -O2 -Wall -Werror -static -o "$BATS_FILE_TMPDIR/typist" "$BATS_TEST_DIRNAME/typist.c"
	boot linux-ends.sh --linux --add "$BATS_TEST_DIRNAME/linux.ini" --program "$BATS_FILE_TMPDIR/typist"
}
setup() { need_boot; }

@test "two CPUs, memory on both sides of the hole, and a status, a pause, a mark as they are waited for, and much output" {
	json panic '.phases[] | select(.name == "cpus") | .done and .step.exit_status == 3 and
		(.step.output | test("^2\nhypervisor\nMemTotal: +4[0-9]{5} kB\n"))'
	json panic '.phases[] | select(.name == "much") | .done and (.step.output | length > 1900 and endswith("y\nend\n"))'
	json panic '.phases[] | select(.name == "pause") | .done and .step.ended_by == "time"'
	json panic '.phases[] | select(.name == "mark") | .done and .step.ended_by == "mark"'
	check panic klog.clean pass
}

@test "red: a panic, a hang, a triple fault and a wrong status each end with a reason and a report" {
	rc panic 1
	check panic guest.clean fail "phase panic: the guest's kernel panicked"
	json panic '.guest.console | contains("Kernel panic - not syncing")'
	rc hang 1
	check hang guest.clean fail "phase hang: the time was up before the end of its command came"
	json hang '.guest.registers | contains("rip")'
	check hang teardown.clean pass
	check hang process.clean pass
	json triple '.config.guest.kernel == "/linux/bzImage" and (.phases[] | select(.name == "boot") | .done)'
	rc triple 1
	check triple guest.clean fail "phase hang: KVM_EXIT_SHUTDOWN: the vCPU took a triple fault"
	check triple teardown.clean pass
	rc status 1
	check status guest.clean fail "phase boot: its command ended with exit status 5, expected was 4"
}

@test "on a terminal the console is the guest's; the terminal is given back at the end, at a signal, whatever the guest does, at a crash" {
	for one in typed gone told panicked hung tripled flooded forbidden; do
		rc $one 0
		grep -q 'the terminal is as it was$' "$out/$one.txt"
	done
	grep -q 'wait status 0x8200, ' "$out/typed.txt"
	json typed '.signal == "SIGINT" and .exit_status == 130'
	grep -q 'wait status 0x8900, ' "$out/gone.txt"
	json gone '.error.text | startswith("SIGKILL ended this run in phase hang")'
	grep -q 'wait status 0x8f00, ' "$out/told.txt"
	json told '.signal == "SIGTERM"'
	grep -q 'wait status 0x100, ' "$out/panicked.txt"
	check panicked guest.clean fail "phase hang: the guest's kernel panicked"
	check hung guest.clean fail "phase hang: the time was up before the end of its command came"
	check tripled guest.clean fail "phase hang: KVM_EXIT_SHUTDOWN: the vCPU took a triple fault"
	check flooded guest.clean fail "phase hang: the guest printed more than the 64 MiB that a console takes"
	grep -q 'wait status 0x300, ' "$out/forbidden.txt"
}

@test "minivmm takes no more than 4 MB besides the guest's memory" {
	json status '.self.max_rss_bytes | . > 134217728 and . <= 134217728 + 4000000'
}

@test "red: a system call that a vCPU's thread must not make ends the run, and is named" {
	rc denied 3
	json denied '.error.text | contains("system call 110 (getppid)")'
	json panic '.guest.seccomp == "ok"'
}

@test "memory that a kernel can't be loaded into is refused before a VM is made" {
	rc small 2
	grep -q 'guest.kernel needs' "$out/small.err"
	rc no-hole 2
	grep -q 'memslot.low: it reaches into 0xfec00000' "$out/no-hole.err"
}
