# SPDX-License-Identifier: GPL-2.0-only
# The multiboot kernel of tests/e2e/kernel. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

# kernel NAME ARGS [OVERRIDE...]: a test of the multiboot kernel.
kernel() {
	name=$1 args=$2
	shift 2
	run "$name" "$here/kernel.ini" guest.kernel="$KERNEL" "guest.args=$args" "$@"
}

kernel_tests() {
	for test in "entry 'a b'" memory devices smp; do
		vcpus=
		[ "$test" != smp ] || vcpus=3
		kernel tests "$test" ${vcpus:+vm.vcpus=$vcpus} && fine 'phase("run").step | .ended_by == "exit" and .exit_status == 0' && finds || return
	done
}

kernel_ends() {
	kernel status exit guest.environment=STATUS=38 phase.run.status=38 && fine 'phase("run").step.exit_status == 38' || return
	kernel console hang phase.run.until=console:waiting && fine 'phase("run").step.ended_by == "console"' || return
	kernel time hang phase.run.until=time:50ms && fine 'phase("run").step.ended_by == "time"'
}

# kernel_fails NAME ARGS REASON [OVERRIDE...]
kernel_fails() {
	name=$1 args=$2 reason=$3
	shift 3
	kernel "$name" "$args" "$@"
	ended 1 && that "judged(\"guest.clean\"; \"fail\"; \"$reason\")" 'judged("process.clean"; "pass")'
}

kernel_trouble() {
	kernel_fails failed exit "the guest exited with status 1 (a test failed), expected was 0" guest.environment=STATUS=1 &&
		kernel_fails early exit "exited with status 0 (passed) while the phase waited for the end of its time" \
			guest.environment=STATUS=0 phase.run.until=time:60s &&
		kernel_fails reset reset "asked for a reset, which is exit status 1, expected was 0" &&
		kernel_fails hang hang "the time was up before its exit came" phase.run.timeout=500ms &&
		kernel_fails flood flood "printed more than the 64 MiB that a console takes" selftest.break=console-full || return
	kernel triple triple
	ended 1 && that 'judged("guest.clean"; "fail"; "KVM_EXIT_")' '.guest.text | test("SHUTDOWN: the vCPU took a triple fault|INTERNAL_ERROR")' || return
	kernel skipped exit guest.environment=STATUS=38
	ended 4 && that 'judged("guest.clean"; "skip"; "skipped its tests (exit status 38)")'
}

kernel_stress() {
	overlay kernel <<-END
		[memslot.bar]
		base = 8G
		size = 2M
		kind = device
		[worker.log]
		op = dirty-log-get
		slot = low
		[worker.bar]
		op = slot-delete
		slot = bar
		[phase.run]
		do = stress
		iterations = 3
	END
	run stress "$work/overlay.ini" guest.kernel="$KERNEL" guest.args=hang &&
		fine 'phase("run") | .step.ended_by == "workers" and ([.workers[].rounds] == [3, 3])' 'judged("stress.clean"; "pass")'
}

kernel_log() {
	overlay kernel <<-END
		[phase.run]
		until = console:writing
		[phase.log]
		do = dirty-log
		slot = low
		duration = 50ms
	END
	set -- "$work/overlay.ini" guest.kernel="$KERNEL" guest.args=write
	run log "$@" && fine 'judged("dirty.complete"; "pass")' || return
	run misses "$@" selftest.break=log-misses
	ended 1 && that 'judged("dirty.complete"; "fail"; "that the guest wrote")'
}

# One that is stopped by a signal: the others have their rows all the same.
kernel_list_stopped() {
	cat >"$work/list" <<-END
		$KERNEL guest.args=exit guest.environment=STATUS=0
		$KERNEL guest.args=hang
		$KERNEL guest.args=exit guest.environment=STATUS=0
	END
	name=stopped
	: >"$work/stopped.err"
	"$minivmm" kernels "$work/list" "$here/kernel.ini" -o "$work/stopped.json" --progress plain >"$work/stopped.out" 2>"$work/stopped.err" </dev/null &
	pid=$!
	# The first one's end: the second goes on for a minute.
	wait_for "$work/stopped.err" teardown && sleep 0.5 && kill "$pid"
	wait "$pid"
	status=$?
	sound && ended 143 && that '[.kernels[].result] == ["pass", "error", "skip"]' '.kernels[2].reason | contains("a signal")' '.exit_status == 143'
}

kernel_list() {
	cat >"$work/list" <<-END
		# Each in a VM of its own.
		$KERNEL guest.args="entry 'a b'"

		$KERNEL guest.args=exit guest.environment=STATUS=38
		$KERNEL guest.args=exit guest.environment=STATUS=1
	END
	run list kernels "$work/list" "$here/kernel.ini"
	ended 1 && that '[.kernels[] | [.result, .exit_status]] == [["pass", 0], ["skip", 38], ["fail", 1]]' \
		'.kernels[0].ended_by == "exit" and .kernels[0].duration_ns > 0' \
		'.kernels[2].reason == "phase run: the guest exited with status 1 (a test failed), expected was 0"'
}

it kernel_tests "kernels: entry, memory, CPUs, devices"
it kernel_ends "kernels: a status, a text, a time that end a phase"
it kernel_trouble "kernels: how a run of them fails"
it kernel_stress "kernels: workers beside one"
it kernel_log "kernels: the log of what one writes"
it kernel_list "kernels: a list of them"
it kernel_list_stopped "kernels: a list that a signal ends"
