# SPDX-License-Identifier: GPL-2.0-only
# Workers beside L1. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

# A stress without ops that lose data.
intact() {
	fine 'judged("stress.clean"; "pass"; "none")' 'judged("memory.intact"; "pass"; "all read back")' \
		'[workers("guest") | [.vm, .vcpu, .failures, .rounds > 0]] == [[0, 0, 0, true], [0, 1, 0, true]]' \
		'phase("after") | .l1_pages == 48' "$@"
}

stress_logs() {
	workers dirty-log-toggle:data dirty-log-get:data dirty-log-clear:data dirty-log-cycle:data slot-add:data
	run logs "$work/overlay.ini" && intact \
		'steps("dirty-log-toggle") | (keys == ["dirty-log-off", "dirty-log-on"]) and ([.[] | .n] == [10, 10])' \
		'steps("dirty-log-get") | .["dirty-log-get"].n == 40 and .["dirty-log-on"].n == 10 and .["dirty-log-off"].n == 10' \
		'steps("dirty-log-clear") | .["dirty-log-clear"].n == 10 and .["dirty-log-get"].n == 10 and .["dirty-log-off"].n == 10' \
		'steps("dirty-log-cycle") | .["dirty-log-clear"].n == 20 and .["dirty-log-get"].n == 20 and .["dirty-log-off"].n == 10' \
		'steps("slot-add") | .["slot-add"].n == 10 and .["slot-delete"].n == 10' \
		'[.contention[] | .op] | sort == ["dirty-log-clear", "dirty-log-get", "dirty-log-off", "dirty-log-on", "guest-pass", "slot-add", "slot-delete"]' \
		'.contention[] | select(.op == "dirty-log-on") | .before.n == 40 and .after == null and .ratio == null and .before.min_ns <= .before.median_ns and .before.median_ns <= .before.max_ns'
}

stress_logs_at_rest() {
	workers dirty-log-toggle:data dirty-log-cycle:data
	run rest "$work/overlay.ini" memslot.data.flags=dirty-log && intact \
		'steps("dirty-log-toggle") | [.[] | .n] == [10, 10]' 'steps("dirty-log-cycle") | .["dirty-log-on"].n == 10 and .["dirty-log-off"] == null'
}

stress_memory() {
	workers thp:data mprotect:data reclaim signal-kick debugfs-read stats-read
	run memory "$work/overlay.ini" memslot.data.size=2M phase.churn.touch=6M phase.churn.stride=16K phase.after.touch=192K && intact \
		'steps("mprotect") | .mprotect.n == 10' 'steps("signal-kick") | .["signal-kick"].n == 10' 'had("thp")' 'had("reclaim")' \
		'had("debugfs-read")' 'had("stats-read")'
}

stress_slots() {
	workers slot-delete:data slot-move:data slot-flags:data discard:data
	run taken "$work/overlay.ini" && fine 'judged("stress.clean"; "pass"; "none")' \
		'[.checks[] | select(.name == "memory.intact" and .result == "pass")] | length == 1' \
		'steps("slot-delete") | .["slot-delete"].n == 10 and .["slot-add"].n == 10' 'steps("slot-move") | .["slot-move"].n == 20' \
		'had("slot-flags")' 'steps("discard") | .discard.n == 10' 'phase("after") | .l1_pages == 48'
}

# A slot that comes and goes while its memory can't be written: the VMM does what KVM leaves to it when it may.
stress_protected_slots() {
	workers slot-delete:data slot-move:data slot-flags:data mprotect:data
	run both "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=2s && intact 'workers("mprotect") | .rounds > 10' \
		'workers("slot-delete") | .rounds > 10'
}

# A page that reads 0 without having been taken away is wrong, even where pages are taken away: here it is not said of any.
stress_untold() {
	workers discard:data
	run untold "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=10s selftest.break=untold-loss
	ended 1 && that 'judged("memory.intact"; "fail"; "read back by L1, though nobody took the page away after that")'
}

# What the VMM itself writes, to tell the payload what is lost, is in no log.
stress_log_beside_losses() {
	workers discard:data dirty-log-get:low
	run beside "$work/overlay.ini" phase.churn.slot=low phase.churn.touch=2M phase.churn.iterations=any phase.churn.duration=1s &&
		fine 'judged("stress.clean"; "pass"; "none")' 'workers("dirty-log-get") | .rounds > 0'
}

# Data that an op loses is lost: what the guest then writes is there.
stress_file() {
	value=99
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	workers slot-delete:data discard:data
	run file "$work/overlay.ini" memslot.data.backing=file:"$work/memory" phase.after.pattern="$value" && fine &&
		pages_hold "$work/memory" 4096 48 0x100000000
}

stress_vms() {
	workers vm-create-destroy signal-kick dirty-log-toggle:data
	run vms "$work/overlay.ini" phase.churn.vms=3 phase.churn.vcpus=3 phase.churn.iterations=3 && fine 'judged("stress.clean"; "pass"; "none")' \
		'phase("churn") | .vms.made == 5 and .vms.wrong == 0 and .vms.transitions == 0' \
		'[.checks[] | select(.name == "vms.transition" and .result != "fail")] | length == 1' \
		'[workers("guest") | [.vm, .vcpu]] == [[0, 0], [0, 1], [1, 0], [1, 1], [1, 2], [2, 0], [2, 1], [2, 2]]' \
		'[steps("vm-create-destroy"; 3)[] | .n] == [3, 3]'
}

stress_rate() {
	overlay stress <<-END
		[worker.kick]
		op = signal-kick
		rate = 40/s
		threads = 2
	END
	run rate "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=1s && fine \
		'[workers("signal-kick") | [.thread, .rounds >= 5 and .rounds <= 41]] == [[0, true], [1, true]]' \
		'phase("churn") | .duration_ns >= 1000000000'
}

# The duration is over before a worker's thread has started, as on a loaded host.
stress_short() {
	overlay stress <<-END
		[worker.kick]
		op = signal-kick
		threads = 3
	END
	run short "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=1ns && fine \
		'[workers("signal-kick") | [.thread, .rounds >= 1]] == [[0, true], [1, true], [2, true]]'
}

stress_alone() {
	run alone "$here/stress.ini" phase.churn.iterations=any phase.churn.duration=1s && intact \
		'phase("churn") | .duration_ns >= 1000000000 and .vms.made == 0' 'judged("vms.transition"; "skip"; "no further VM")'
}

stress_ring() {
	workers dirty-ring:data
	run ring "$work/overlay.ini" vm.dirty-ring=4K memslot.data.flags=dirty-log memslot.data.size=2M phase.churn.touch=6M
	if [ "$status" = 4 ] && that '.error.text | contains("KVM_CAP_DIRTY_LOG_RING")'; then
		skip="this KVM has no dirty rings"
	else
		fine 'judged("stress.clean"; "pass"; "none")' 'steps("dirty-ring") | .["dirty-ring"].n == 10' 'judged("memory.intact"; "pass")'
	fi
}

stress_stuck() {
	workers signal-kick mprotect:data
	run stuck "$work/overlay.ini" selftest.break=stuck-worker phase.churn.timeout=1s --seed 7
	ended 1 && that 'judged("stress.clean"; "fail"; "stuck in a round")' \
		'.checks[] | select(.name == "stress.clean") | .remedy | test("overlay.ini .*--seed 7 worker.signal-kick.first-round=0 worker.mprotect.first-round=[0-9]+")'
}

stress_lines() {
	name=lines
	"$minivmm" "$here/stress.ini" phase.churn.iterations=any phase.churn.duration=2500ms -o "$work/lines.jsonl" \
		>"$work/lines.out" 2>"$work/lines.err" </dev/null
	status=$?
	sound && ended 0 4 && jq -es '([.[] | select(.schema == "minivmm.stress/1")] | length >= 2 and all(.phase == "churn")) and
		([.[] | select(.schema == "minivmm.phase/1").phase] == [.[-1].phases[].name])' "$work/lines.jsonl" >/dev/null
}

it stress_logs "stress: dirty logs, a slot added"
it stress_logs_at_rest "stress: a slot that logs all the time"
it stress_memory "stress: the memory behind slots, signals, counters"
it stress_slots "stress: slots that go and come back"
it stress_protected_slots "stress: slots that go and come back, and can't be written meanwhile"
it stress_untold "stress: red: pages that are lost, of which nobody says so"
it stress_log_beside_losses "stress: a dirty log of the payload's own slot, while pages are lost"
it stress_file "stress: afterwards slots show the memory they showed before"
it stress_vms "stress: several VMs, and VMs that come and go"
it stress_rate "stress: a rate is kept, a duration too"
it stress_short "stress: each worker does a round, however short the duration"
it stress_alone "stress: vCPUs without workers"
it stress_ring "stress: dirty rings, also full ones"
it stress_stuck "stress: a worker that is stuck, and the command that replays it"
it stress_lines "stress: JSON Lines while it runs"
