# SPDX-License-Identifier: GPL-2.0-only
# A multiboot kernel of our own: what it finds, how it ends, and whether it costs the host its rmaps.

load lab

setup_file() {
	"$top/tests/e2e/kernel/build" "$BATS_FILE_TMPDIR/kernel.flat"
	local xen=("${LAB_CACHE:-$top/build/lab}"/programs/xen-*.gz) add=()
	if [[ -e ${xen[-1]} ]]; then
		gunzip -c "${xen[-1]}" >"$BATS_FILE_TMPDIR/xen"
		add=(--add "$BATS_FILE_TMPDIR/xen")
	fi
	boot multiboot.sh --add "$BATS_FILE_TMPDIR/kernel.flat" --add "$BATS_FILE_TMPDIR/kernel.flat.raw" "${add[@]}"
}
setup() { need_boot; }

# passed NAME STATE: every test of the kernel did, and the rmaps are as they should be.
passed() {
	rc "$1" 0
	json "$1" '.phases[] | select(.name == "run") | .done and .step.ended_by == "exit" and .step.exit_status == 0'
	json "$1" '.guest.console | contains("PASS: ") and (contains("FAIL: ") | not)'
	check "$1" guest.clean pass
	check "$1" teardown.clean pass
	! json "$1" '.host.rmap_policy == "lazy"' ||
		json "$1" ".phases[] | select(.name == \"run\") | .rmap_state == \"$2\""
}

@test "a kernel finds the entry state, its arguments and its environment" { passed entry lazy; }
@test "a kernel finds the memory below and above the hole" { passed memory lazy; }
@test "a kernel starts its other CPUs by INIT and SIPI" { passed smp lazy; }
@test "the test device has its latch, its memory, its lines and its flush" { passed devices lazy; }
@test "an SMI finds memory in SMM, and a handler that returns" { passed smi lazy; }

@test "Xen, a kernel that is not ours, runs until it misses its first guest" {
	[[ -e $BATS_FILE_TMPDIR/xen ]] || skip "no Xen here (tests/setup check unpacks it from Debian's xen-hypervisor)"
	# A second try that passes does not hide the first one.
	[[ ! -e $out/xen-hung.json ]] || echo "# Xen hung at its first try: $(jq -c .guest "$out/xen-hung.json")" >&3
	rc xen 0
	json xen '.guest.console | contains("(XEN) Panic on CPU 0")'
	check xen klog.clean pass
	! json xen '.host.rmap_policy == "lazy"' || json xen '.phases[] | select(.name == "run") | .rmap_state == "lazy"'
}

@test "a kernel that runs a nested guest makes the rmaps, as predicted; one whose VM entry is refused does not" {
	passed nested allocated
	check nested rmap.exact pass
	check nested tracking.exact pass
	check nested l2.ran pass
	! json nested '.host.rmap_policy == "lazy"' || check nested transition.observed pass
	passed bad-entry lazy
}

@test "a kernel that is no ELF file lies where its header says, with zeros behind it, whatever the memory's file held before" {
	rc raw 0
	json raw '.phases[] | select(.name == "run") | .step.ended_by == "exit" and .step.exit_status == 0'
	rc again 0
}

@test "an exit status that is expected, and a text on the console" {
	rc status 0
	json status '.phases[] | select(.name == "run") | .step.exit_status == 38'
	rc not-nested 0
	json not-nested '.guest.console | contains("SKIP: no SVM or VMX")'
	rc console 0
	json console '.phases[] | select(.name == "run") | .step.ended_by == "console"'
}

@test "a kernel that skips its tests is a skip" {
	rc skipped 4
	check skipped guest.clean skip "phase run: the guest's kernel skipped its tests (exit status 38)"
	check skipped klog.clean pass
}

@test "a list of kernels: one table, and KTAP" {
	rc kernels 1
	json kernels '[.kernels[] | [.name, .result, .exit_status]] == [["kernel.flat entry '"'a b'"'", "pass", 0],
		["kernel.flat nested", "pass", 0], ["kernel.flat exit", "skip", 38], ["kernel.flat exit", "fail", 1]]'
	! json kernels '.host.rmap_policy == "lazy"' ||
		json kernels '[.kernels[].rmap_state] == ["lazy", "allocated", "lazy", "lazy"]'
	json kernels 'all(.kernels[]; .duration_ns > 0 and .ended_by == "exit" or .result != "pass")'
	[[ $(grep -c '^kernel.flat\|^ *kernel.flat' "$out/kernels.txt") -ge 4 ]]
	[[ $(grep -o '^\(not \)\?ok [0-9]' "$out/ktap.txt" | tr '\n' ' ') == "ok 1 ok 2 ok 3 not ok 4 " ]]
	grep -q '^# time .*, rmaps lazy$' "$out/ktap.txt"
	json kernels '.kernels[3].reason == "phase run: the guest exited with status 1 (a test failed), expected was 0"'
	json kernels '.kernels[1].console | contains("PASS: L2 ran")'
	grep -q '^  kernel.flat exit: phase run: the guest exited with status 1' "$out/kernels.txt"
	grep -q "^ok 3 kernel.flat exit # SKIP .*skipped its tests" "$out/ktap.txt"
}

@test "workers beside a kernel, until it exits or until they have done their rounds" {
	rc stress 0
	# The kernel may have exited before each worker's thread is there.
	json stress '.phases[] | select(.name == "run") | .do == "stress" and .step.ended_by == "exit" and (.workers | length) == 2 and
		all(.workers[]; .failures == 0)'
	check stress stress.clean pass
	check stress rmap.exact pass
	rc rounds 0
	json rounds '.phases[] | select(.name == "run") | .step.ended_by == "workers" and all(.workers[]; .rounds == 3)'
}

@test "the log has what a kernel writes, which goes on" {
	rc log 0
	check log dirty.complete pass
	check log guest.clean pass
	check log teardown.clean pass
	json log '.phases[] | select(.name == "log") | .done'
	! json log '.host.rmap_policy == "lazy"' || json log '[.phases[:-1][] | .rmap_state] | unique == ["lazy"]'
}

@test "red: a log that misses a page that the kernel wrote" {
	rc log-misses 1
	check log-misses dirty.complete fail "missing in what KVM_GET_DIRTY_LOG gave, of "
	check log-misses dirty.complete fail "that the guest wrote"
}

@test "a kernel whose run the OOM killer ends has its row, and the next one runs" {
	rc unlimited 0
	rc killed 3
	json killed '.seed == 7 and [.kernels[].result] == ["error", "pass"]'
	json killed '.kernels[0].reason | contains("the kernel killed this run in phase run: its cgroup had no memory left")'
}

@test "red: a status, an exit too early, a reset, a triple fault, a hang and a flood, each with a reason" {
	rc failed 1
	check failed guest.clean fail "phase run: the guest exited with status 1 (a test failed), expected was 0"
	rc early 1
	check early guest.clean fail "phase run: the guest exited with status 0 (passed) while the phase waited for the end of its time"
	rc reset 1
	check reset guest.clean fail "phase run: the guest asked for a reset, which is exit status 1, expected was 0"
	rc triple 1
	check triple guest.clean fail "phase run: KVM_EXIT_SHUTDOWN: the vCPU took a triple fault"
	rc hang 1
	check hang guest.clean fail "phase run: the time was up before its exit came"
	rc flood 1
	check flood guest.clean fail "phase run: the guest printed more than the 64 MiB that a console takes"
	for name in failed early reset triple hang flood; do
		check $name teardown.clean pass
		check $name process.clean pass
	done
}

@test "a file that is no multiboot kernel is refused before a VM is made" {
	rc no-room 2
	grep -q 'guest.kernel: ' "$out/no-room.err"
}
