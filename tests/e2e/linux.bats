# SPDX-License-Identifier: GPL-2.0-only
# A Linux guest with its own KVM: what it does, and what it costs the host. The emulated host is three levels deep here.
# LAB_LINUX=6.12: that guest's kernel, which is the host's own by default; then the first three tests only.

load lab

# Bochs, which an Intel host needs, is slow: there, too, only the runs of the first three tests.
is_brief() { [[ ${VENDOR:-amd} != amd || ${LAB_LINUX:-} ]]; }

setup_file() {
	local qemu=()
	if is_brief; then
		: >"$BATS_FILE_TMPDIR/brief"
		LAB_TIMEOUT=${LAB_TIMEOUT:-900} boot linux.sh --linux --add "$BATS_FILE_TMPDIR/brief"
		return
	fi
	! command -v qemu-system-x86_64 >/dev/null || qemu=(--program qemu-system-x86_64)
	boot linux.sh --linux --add "$BATS_TEST_DIRNAME/linux.ini" "${qemu[@]}"
}
setup() { need_boot; }

# state NAME PHASE STATE: the rmaps at the end of a phase.
state() {
	json "$1" ".phases[] | select(.name == \"$2\") | .done and .rmap_state == \"$3\""
}

# has RUN [qemu]: it was made here, or could not be.
has() {
	! is_brief || skip "this run is made on AMD's host, whose own kernel the guest has"
	[[ ${2:-} != qemu ]] || command -v qemu-system-x86_64 >/dev/null || skip "there is no QEMU here"
}

# in_time RUN: in Bochs it takes as many seconds on a busy machine as on an idle one; for QEMU see tests/bench/linux.report.
in_time() {
	[[ ${VENDOR:-amd} == amd ]] || json "$1" '.duration_ns < 90e9'
}

@test "a Linux guest that loads kvm and makes a VM costs nothing; its first guest makes the rmaps" {
	local phase
	rc nested 0
	# A version that it has, or newest.
	[[ ! ${LAB_LINUX:-} =~ ^[0-9] ]] ||
		json nested ".phases[] | select(.name == \"init\") | .step.output | startswith(\"$LAB_LINUX.\")"
	if json nested '.host.rmap_policy == "lazy"'; then
		for phase in init kvm-loaded vm-made; do
			state nested "$phase" lazy
			json nested ".phases[] | select(.name == \"$phase\") | .rmap_bytes == 0"
		done
		json nested '.transition.trigger == (if .host.cpu_vendor == "intel" then "ept" else "npt" end)'
		json nested '.transition | .observed and .phase == "first-guest" and
			.rmap_bytes.predicted == .rmap_bytes.measured and .tracking_bytes.predicted == .tracking_bytes.measured'
		check nested transition.observed pass first-guest
	fi
	state nested first-guest allocated
	in_time nested
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

@test "with two CPUs and 8 GiB as well" {
	rc large 0
	in_time large
	check large rmap.exact pass
	check large tracking.exact pass
	if json large '.host.rmap_policy == "lazy"'; then
		state large vm-made lazy
		json large '.transition | .phase == "first-guest" and .rmap_bytes.measured > 16777216 and
			.rmap_bytes.predicted == .rmap_bytes.measured'
	fi
}

@test "QEMU in it costs nothing while its VM waits, and makes the rmaps when that runs" {
	has qemu qemu
	rc qemu 0
	if json qemu '.host.rmap_policy == "lazy"'; then
		state qemu kvm-loaded lazy
		state qemu vm-made lazy
		check qemu transition.observed pass first-guest
	fi
	json qemu '.phases[] | select(.name == "first-guest") | .step.exit_status == 33 and .rmap_state == "allocated"'
	check qemu rmap.exact pass
}

@test "workers and dirty logs beside it, before and beside its nested guest: nothing is missing, and the rmaps are exact" {
	local phase
	has stress
	rc stress 0
	check stress stress.clean pass "none failed"
	check stress dirty.complete pass
	check stress rmap.exact pass
	check stress teardown.clean pass
	check stress klog.clean pass
	json stress '.phases[] | select(.name == "idle") | .step.ended_by == "workers" and all(.workers[]; .rounds > 0)'
	json stress '.phases[] | select(.name == "next-guest") | .step.ended_by == "command" and .step.exit_status == 0 and
		all(.workers[]; .rounds > 0 and .failures == 0)'
	if json stress '.host.rmap_policy == "lazy"'; then
		for phase in idle log; do state stress $phase lazy; done
		check stress transition.observed pass first-guest
	fi
	state stress log-guests allocated
}

@test "red: a log that misses a page that the guest changed" {
	has log-misses
	rc log-misses 1
	check log-misses dirty.complete fail "that the guest wrote"
}
