# SPDX-License-Identifier: GPL-2.0-only
# A Linux guest with its own KVM: what it does, and what it costs the host. The emulated host is three levels deep here.

load lab

setup_file() {
	${CC:-gcc} -O2 -Wall -Werror -static -o "$BATS_FILE_TMPDIR/typist" "$BATS_TEST_DIRNAME/typist.c"
	boot linux.sh --linux --program "$BATS_FILE_TMPDIR/typist"
}
setup() { need_boot; }

# state NAME PHASE STATE: the rmaps at the end of a phase.
state() {
	json "$1" ".phases[] | select(.name == \"$2\") | .done and .rmap_state == \"$3\""
}

@test "a Linux guest that loads kvm and makes a VM costs nothing; its first guest makes the rmaps" {
	local phase
	rc nested 0
	if json nested '.host.rmap_policy == "lazy"'; then
		for phase in init kvm-loaded vm-made; do
			state nested "$phase" lazy
			json nested ".phases[] | select(.name == \"$phase\") | .rmap_bytes == 0"
		done
		json nested '.transition | .observed and .phase == "first-guest" and .trigger == "npt" and
			.rmap_bytes.predicted == .rmap_bytes.measured and .tracking_bytes.predicted == .tracking_bytes.measured'
		check nested transition.observed pass first-guest
	fi
	state nested first-guest allocated
	check nested rmap.exact pass
	check nested tracking.exact pass
	check nested lazy.before pass || check nested lazy.before skip eager
}

@test "inside it minivmm's own run passes, and KVM counts its entries into L2" {
	json nested '.phases[] | select(.name == "first-guest") | .step | .ended_by == "command" and .exit_status == 0 and
		(.output | contains("PASS: "))'
	check nested l2.ran pass || check nested l2.ran skip 5.14
	json nested '.phases[] | select(.name == "off") | .step | .ended_by == "exit" and .exit_status == 0'
	grep -q 'reboot: Power down' "$out/nested.console"
}

@test "two CPUs, memory on both sides of the hole, and a status, a pause and a mark as they are waited for" {
	json panic '.phases[] | select(.name == "cpus") | .done and .step.exit_status == 3 and
		(.step.output | test("^2\nhypervisor\nMemTotal: +4[0-9]{5} kB\n"))'
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
	rc triple 1
	check triple guest.clean fail "phase hang: KVM_EXIT_SHUTDOWN: the vCPU took a triple fault"
	check triple teardown.clean pass
	rc status 1
	check status guest.clean fail "phase boot: its command ended with exit status 5, expected was 4"
}

@test "on a terminal the console is the guest's; the terminal is given back at the end, at a signal, at a crash" {
	for one in typed gone told; do
		rc $one 0
		grep -q 'the terminal is as it was$' "$out/$one.txt"
	done
	grep -q 'wait status 0x8200, ' "$out/typed.txt"
	json typed '.signal == "SIGINT" and .exit_status == 130'
	grep -q 'wait status 0x8900, ' "$out/gone.txt"
	json gone '.error.text | startswith("SIGKILL ended this run in phase hang")'
	grep -q 'wait status 0x8f00, ' "$out/told.txt"
	json told '.signal == "SIGTERM"'
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
