# SPDX-License-Identifier: GPL-2.0-only
# minivmm stat --predict on KERNEL: what it says of VMs of other processes, and what then comes. 5.10 is eager.

load lab

setup_file() {
	local qemu=()
	if command -v qemu-system-x86_64 >/dev/null &&
		as --32 --defsym NEST=1 -o "$BATS_FILE_TMPDIR/nest.o" "$top/tests/e2e/qemu-bios.S" &&
		ld -m elf_i386 --oformat binary -Ttext 0 -e 0 -o "$BATS_FILE_TMPDIR/nest" "$BATS_FILE_TMPDIR/nest.o"; then
		qemu=(--program qemu-system-x86_64 --add "$BATS_FILE_TMPDIR/nest")
	fi
	boot predict.sh --program setpriv --program unshare "${qemu[@]}"
}
setup() {
	need_boot
	lazy=true
	[[ ${KERNEL:-6.12} != 5.10 ]] || lazy=false
}

only_lazy() { $lazy || skip "this kernel is eager: nothing is left to be taken"; }

vm() { # FILE NAME FILTER: of the VM that the process called NAME runs
	jq -e --argjson pid "$(cat "$out/$2.pid")" ".vms[] | select(.process == \$pid) | $3" "$out/$1.txt" >/dev/null || {
		jq . "$out/$1.txt"
		cat "$out/$2.log"
		return 1
	}
}

limit() { # FILE WHERE FILTER
	jq -e ".limits[] | select(.where | endswith(\"$2\")) | $3" "$out/$1.txt" >/dev/null || {
		jq .limits "$out/$1.txt"
		return 1
	}
}

@test "what is missing is what the first nested guest takes, to the byte" {
	rc lazy 0
	only_lazy
	vm lazy one '.state == "lazy" and .memslots == 4 and .memory_bytes == 8657108992 and .name == "minivmm"'
	vm lazy one '.first_l2_bytes == .missing.rmap_bytes + .missing.tracking_bytes and .first_l2_bytes > 16000000'
	[[ $(cat "$out/rise") == "$(cat "$out/need")" ]]
	vm paid one '.state == "allocated" and .first_l2_bytes == 0 and .verdict == "paid"'
	jq -e '.predicted and .why == null and .first_l2_bytes == ([.vms[].first_l2_bytes] | add)' "$out/lazy.txt"
}

@test "of QEMU's VMs, too" {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 here (Debian: apt-get install qemu-system-x86)"
	for machine in q35 microvm; do
		rc qemu-$machine 0
		vm qemu-$machine qemu-$machine ".name == \"web-$machine\" and .name_source == \"qemu\" and .memory_bytes > 1073000000"
		[[ $lazy == false || $(cat "$out/qemu-$machine.rise") == "$(cat "$out/qemu-$machine.need")" ]]
		[[ $lazy == false || $(cat "$out/qemu-$machine.need") -gt 4000000 ]]
	done
}

@test "and of 2 and 16 GiB, whose first nested guests take more" {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 here (Debian: apt-get install qemu-system-x86)"
	for size in 2 16; do
		rc qemu-${size}G 0
		vm qemu-${size}G qemu-${size}G ".memory_bytes > $((size * 1073000000)) and .name_source == \"qemu\""
		[[ $lazy == false || $(cat "$out/qemu-${size}G.rise") == "$(cat "$out/qemu-${size}G.need")" ]]
		# 2 bytes of 4096 at least, for the rmaps of the space that is not SMM's.
		[[ $lazy == false || $(cat "$out/qemu-${size}G.need") -gt $((size << 21)) ]]
	done
}

@test "what QEMU prints of its memory (info mtree -f) is what KVM has" {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64 here (Debian: apt-get install qemu-system-x86)"
	cd "$BATS_TEST_TMPDIR" || return 1
	for machine in q35 microvm; do
		"$top/build/static/minivmm" plan "qemu:$out/qemu-$machine.log" --kernel 6.12 --format json |
			jq -c "[.slots[] | [.space, .base, .size]] | sort" >printed
		jq -c --argjson pid "$(cat "$out/qemu-$machine.pid")" \
			"[.vms[] | select(.process == \$pid) | .slots[] | [.space, .base, .size]] | sort" "$out/qemu-$machine.txt" | diff printed -
		[[ $(jq length printed) -ge 8 ]]
	done
}

@test "an eager kernel: nothing will come, and no memory of the kernel is read for that" {
	! $lazy || skip "this kernel is lazy"
	vm lazy one '.state == "allocated" and .state_source == "host" and .first_l2_bytes == 0 and .verdict == "paid"'
	vm lazy one '.memslots == null and .name == "minivmm" and (.cgroup | endswith("/vms/one"))'
	jq -e '.why == null and .memslots_source == null' "$out/lazy.txt"
}

@test "-v: each memslot as its config has it, also on an eager kernel" {
	rc slots 0
	vm slots one '[.slots[] | [.space, .base, .size, .flags, .kind]] == [["normal", 0, 67108864, [], "ram"],
		["normal", 4294967296, 8589934592, [], "ram"], ["normal", 34359738368, 65536, ["readonly"], "ram"], ["smm", 0, 67108864, [], "ram"]]'
	vm slots one ".slots | all(.rmap != $lazy and .lpage_info and (.dirty_bitmap | not))"
	jq -e '.vms | length == 1' "$out/slots.txt"
	vm lazy one '.slots == null'
}

@test "plan --pid: the same VM from its memslots, and a config of it that runs" {
	rc plan-pid 0
	jq -e '.memory_bytes == 8657108992 and (.slots | length) == 4 and .plan[0].sum.vmm_bytes > 100000' "$out/plan-pid.txt"
	[[ $lazy == false || $(jq '.plan[0].first_entry_bytes' "$out/plan-pid.txt") == "$(jq --argjson pid "$(cat "$out/one.pid")" \
		'.vms[] | select(.process == $pid) | .first_entry_bytes' "$out/lazy.txt")" ]]
	rc plan-config 0
	rc plan-run 0
	json plan-run '.result == "pass" and (.slots | length) == 4'
	rc init-run 0
	json init-run '.result == "pass" and .memory_bytes == 268435456'
}

@test "would be killed, and is; tight in between" {
	only_lazy
	vm killed two '.verdict == "would-be-killed" and (.limited_by | endswith("/vms/two")) and .room_bytes < .first_l2_bytes'
	jq -e '.vms[0].verdict == "would-be-killed"' "$out/killed.txt"
	[[ $(cat "$out/killed.status") == 137 ]]
	grep -qx 'oom_kill 1' "$out/killed.events"
	vm tight two '.verdict == "tight" and .room_bytes > .first_l2_bytes'
	grep -qE "^ +$(cat "$out/two.pid") .* would be killed\$" "$out/killed-text.txt"
	grep -q '/vms/two: .* for 1 lazy of 1 VM: would be' "$out/killed-text.txt"
}

@test "has room, and lives" {
	if $lazy; then
		vm room full '.verdict == "has-room" and .resident_bytes < .memory_bytes'
	else
		vm room full '.verdict == "paid"'
	fi
	[[ $(cat "$out/room.status") == 0 ]]
	grep -qx 'oom_kill 0' "$out/room.events"
}

@test "two VMs that fit a shared limit one by one do not fit together" {
	only_lazy
	limit together "/sys/fs/cgroup/vms" '.verdict == "would-be-killed" and .vms == 2 and .lazy_vms == 2'
	vm together one '.verdict == "tight" and (.limited_by | endswith("/sys/fs/cgroup/vms"))'
	vm together two '.verdict == "tight"'
	limit lazy MemAvailable '.vms == 3 and .lazy_vms == 2'
}

@test "text fits 60 to 200 columns, and nothing of what decides is cut" {
	for columns in 60 80 200; do
		[[ $(wc -L <"$out/width-$columns.txt") -le $columns ]]
		grep -qE "^ +$(cat "$out/one.pid") .*(tight|paid)" "$out/width-$columns.txt"
	done
	[[ $(wc -L <"$out/text.txt") -le 100 ]]
	grep -q '^first nested guests of all VMs: ' "$out/text.txt"
}

@test "selection: by pid, name and state; without such a VM" {
	rc by-name 0
	jq -e '.vms == []' "$out/by-name.txt"
	jq -e ".vms | length == (if $lazy then 2 else 0 end)" "$out/by-state.txt"
	rc none 4
	rc user 4
	[[ ! -s $out/none.txt && ! -s $out/user.txt ]]
}

@test "--watch: a line of JSON each time, with the time" {
	[[ $(wc -l <"$out/watch.txt") -ge 2 ]]
	while read -r line; do
		jq -e '.schema == "minivmm.stat/1" and .predicted and (.time | test("^20..-..-..T"))' <<<"$line" >/dev/null
	done <"$out/watch.txt"
}

@test "Prometheus: every line is a comment or a sample, each family declared once" {
	! grep -vqE '^(# (HELP|TYPE) [a-z0-9_]+ .*|[a-z0-9_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.]+)$' "$out/prom.txt" || return 1
	[[ -z $(grep '^# TYPE' "$out/prom.txt" | sort | uniq -d) ]]
	grep -qE "^minivmm_vm_verdict\{pid=\"$(cat "$out/one.pid")\",.*,verdict=\"(tight|paid)\"\} 1$" "$out/prom.txt"
}

@test "VMs and memslots that come and go: told as they were, or unknown with a reason" {
	for i in 1 2 3; do
		rc race-$i 0
		jq -e '.why == null and all(.vms[]; .verdict != "unknown" or .verdict_why != null)' "$out/race-$i.txt"
		jq -e '[.vms[] | select(.slots != null)] | length > 0 and all(.[]; .memslots == (.slots | length))' "$out/race-$i.txt"
	done
	jq -se 'any(.[]; any(.vms[]; .command == "minivmm"))' "$out"/race-?.txt
}

# same NAME: the VM's memslots and its need are as by /proc/kcore.
same() {
	rc "$1" 0
	diff <(jq '.vms | map({pid, fd, process, memslots, memory_bytes, first_l2_bytes, missing, slots})' "$out/kcore.txt") \
		<(jq '.vms | map({pid, fd, process, memslots, memory_bytes, first_l2_bytes, missing, slots})' "$out/$1.txt")
}

@test "/proc/kcore does with the module's own symbols, and with /proc/kallsyms" {
	for name in no-kallsyms no-sections; do
		same $name
		jq -e '.memslots_source == "kcore" and .why == null' "$out/$name.txt"
	done
}

@test "where /proc/kcore or kallsyms does not do, BPF reads the same memslots" {
	jq -e '.memslots_source == "kcore" and (.vms[0].slots | length) == 4' "$out/kcore.txt"
	for name in no-kcore kptr; do
		same $name
		jq -e '.memslots_source == "bpf" and .why == null' "$out/$name.txt"
	done
	rc kptr-plan 0
	jq -e '.memory_bytes == 8657108992 and (.slots | length) == 4' "$out/kptr-plan.txt"
}

@test "from a cgroup namespace the ancestor that limits the VM is named as it is seen, or what is not seen" {
	only_lazy
	vm beside last '.verdict == "would-be-killed" and .limited_by == "memory.max of /sys/fs/cgroup/vms/last" and
		.cgroup == "/../vms/last"'
	vm below last '.verdict == "unknown" and .limited_by == null and
		(.verdict_why | contains("the cgroup /../last is not seen from this process"))'
	vm hidden last '.verdict == "unknown" and (.verdict_why | contains("the cgroup /../vms/last is not seen from this process"))'
	vm inside last '.verdict == "would-be-killed" and .limited_by == "memory.max of /sys/fs/cgroup" and .cgroup == "/"'
	vm inside-unlimited last '.verdict == "unknown" and (.verdict_why | contains("limits above /sys/fs/cgroup are not seen"))'
}

@test "what hides the memslots is named, each way; without debugfs they are enough" {
	jq -e '(.why | contains("hides addresses") and contains("BPF: CAP_BPF or CAP_PERFMON is missing")) and .memslots_source == null
		and all(.vms[]; .slots == null)' "$out/no-bpf.txt"
	jq -e '(.why | contains("CAP_SYS_RAWIO is missing") and contains("BPF: CAP_BPF or CAP_PERFMON is missing"))' "$out/few.txt"
	jq -e '.memslots_source == "kcore" and any(.vms[]; .memslots == 4)' "$out/namespace.txt"
	jq -e '.why | contains("hides addresses") and contains("BPF: in a pid namespace")' "$out/namespace-kptr.txt"
	jq -e '.why | contains("hides addresses") and contains("CAP_SYS_PTRACE is missing")' "$out/no-ptrace.txt"
	[[ ! -e $out/yama.rc ]] || jq -e '.why | contains("hides addresses") and contains("ptrace_scope is 3")' "$out/yama.txt"
	only_lazy
	jq -e '.vms[0].verdict == "unknown" and .vms[0].verdict_why == .why' "$out/no-bpf.txt"
	rc no-debugfs 0
	vm no-debugfs last '.state == "lazy" and .state_source == "memslots" and .first_l2_bytes > 0 and .fd > 0'
}

@test "by BPF, a VM whose process lends nothing is named, and the sums say what they leave out" {
	only_lazy
	rc some-lend 0
	vm some-lend last '.first_l2_bytes > 0 and (.slots | length) == 4'
	jq -e '.vms[] | select(.command == "hold-vm") | .verdict == "unknown" and .memslots == null and
		(.verdict_why | contains("does not lend the VM\u0027s descriptor to BPF: CAP_SYS_PTRACE is missing"))' "$out/some-lend.txt"
	jq -e '.memslots_source == "bpf" and .why == null and .first_l2_bytes == null and .unknown_vms == 1 and
		.known_first_l2_bytes == ([.vms[].first_l2_bytes // 0] | add)' "$out/some-lend.txt"
	limit some-lend MemAvailable '.vms == 2 and .unknown_vms == 1 and .lazy_vms == 1 and .verdict == "unknown"'
	grep -qE '^first nested guests of all VMs: at least .*, 1 unknown$' "$out/some-lend-text.txt"
	[[ $(cat "$out/some-lend-plan.rc") != 0 ]]
	grep -q 'does not lend its descriptors to BPF: CAP_SYS_PTRACE is missing' "$out/some-lend-plan.err"
	# Without debugfs nothing tells which processes have VMs.
	jq -e '(.incomplete_why | contains("which may have")) and .why == null and .first_l2_bytes == null and (.vms | length) == 1' \
		"$out/some-lend-hidden.txt"
	grep -qx 'minivmm_incomplete 1' "$out/some-lend-prom.txt"
	! grep '^minivmm_first_l2_bytes ' "$out/some-lend-prom.txt" || return 1
	grep -qx 'minivmm_incomplete 0' "$out/prom.txt"
}

@test "lockdown: integrity hides counters, not memslots; confidentiality hides both, and says so" {
	only_lazy
	[[ -e $out/integrity.rc ]] || skip "this kernel has no lockdown"
	vm integrity last '.state == "lazy" and .first_l2_bytes > 0'
	jq -e --argjson pid "$(cat "$out/last.pid")" '.vms[] | select(.pid == $pid) | .rmap_state == "lazy" and .state_source == "memslots"' \
		"$out/integrity-plain.txt"
	jq -e '(.why | contains("lockdown=confidentiality")) and .first_l2_bytes == null' "$out/confidentiality.txt"
}
