# SPDX-License-Identifier: GPL-2.0-only
# What is Linux to a boot loader, of tests/e2e/kernel. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

# linux NAME ARGS [OVERRIDE...]: what is a Linux kernel to a boot loader does the first word of its arguments.
linux() {
	name=$1 args=$2
	shift 2
	run "$name" "$here/linux.ini" guest.kernel="$KERNEL.linux" "guest.args=$args" "$@"
}

linux_boots() {
	linux off off && fine 'phase("run").step | .ended_by == "exit" and .exit_status == 0' \
		'.guest.console | startswith("Linux, to a boot loader: off\n")' && finds || return
	echo "an initramfs, packed by nothing" >"$work/initrd"
	linux initrd 'initrd quiet' guest.initrd="$work/initrd" && fine && finds || return
	# Where no initramfs fits behind the kernel.
	head -c 60000000 /dev/zero >"$work/large"
	linux large initrd guest.initrd="$work/large"
	rm "$work/large"
	ended 2 && grep -q 'guest.initrd needs 57.2 MiB of memory' "$work/large.err"
}

# The agent comes behind the user's initramfs, and runs a command in each phase that has one.
linux_commands() {
	echo "an initramfs, packed by nothing" >"$work/initrd"
	overlay linux <<-END
		[phase.run]
		until = auto
		command = "0 is the first one's status"
		[phase.then]
		do = run
		command = "7, the second one's"
		status = 7
	END
	set -- "$work/overlay.ini" guest.kernel="$KERNEL.linux" guest.args=agent guest.initrd="$work/initrd"
	run commands "$@" && fine 'phase("run").step | .ended_by == "command" and .exit_status == 0 and .output == "0 is the first one'"'"'s status"' \
		'phase("then").step | .exit_status == 7 and .output == "7, the second one'"'"'s"' && finds || return
	run bad "$@" phase.then.status=0
	ended 1 && that 'judged("guest.clean"; "fail"; "phase then: its command ended with exit status 7, expected was 0; it printed: 7, the second")'
}

linux_ends() {
	linux mark mark phase.run.until=mark:8 && fine 'phase("run").step.ended_by == "mark"' || return
	linux text hang 'phase.run.until=console:ACPI' && fine 'phase("run").step.ended_by == "console"' || return
	for args in reset acpi-reset; do
		linux $args $args
		ended 1 && that 'judged("guest.clean"; "fail"; "the guest asked for a reset")' || return
	done
	linux panics panic
	ended 1 && that 'judged("guest.clean"; "fail"; "panicked (guest.console has what it printed)")' || return
	linux hangs hang phase.run.timeout=300ms
	ended 1 && that 'judged("guest.clean"; "fail"; "the time was up before its exit came")' '.guest.trouble == "timeout"' || return
	linux unmarked off phase.run.until=mark:8
	ended 1 && that 'judged("guest.clean"; "fail"; "the guest powered off while the phase waited for its mark 8")'
}

# typed KEYS: to a guest whose console is this terminal. KEYS are a format of printf.
typed() {
	name='typed'
	# shellcheck disable=SC2059,SC2094 # what is printed is waited for
	{ wait_for "$work/typed.out" 'no initramfs' && printf "$1" && sleep 2; } | SHELL=/bin/sh script -qefc "'$minivmm' '$here/linux.ini' \
		'guest.kernel=$KERNEL.linux' guest.args=echo guest.console=stdout phase.run.timeout=20s -o '$work/typed.json' 2>'$work/typed.err'" \
		"$work/typed.log" >"$work/typed.out"
	status=$?
}

# What is typed reaches the guest, and what it prints is to be seen at once; Ctrl-a x ends the run.
linux_console() {
	linux logged off guest.console=log && fine && ! grep -q 'to a boot loader' "$work/logged.err" || return
	command -v script >/dev/null || { skip="no script(1) here, which makes a terminal" && return; }
	: >"$work/typed.out"
	typed 'hello, \003q'
	stopped_by_tsan && return
	sound && ended 0 4 && grep -q 'hello, .*q' "$work/typed.out" && grep -q 'Ctrl-a x ends the run' "$work/typed.err" || return
	: >"$work/typed.out"
	typed 'hello\001x' && sound && ended 130 && that '.exit_status == 130'
}

it linux_boots "linux: the boot protocol, an initramfs"
it linux_commands "linux: commands by the agent"
it linux_ends "linux: what ends a phase, and what ends a run"
it linux_console "linux: its console"
