#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# minivmm on this host's KVM, L1 only. POSIX sh and jq, so that it runs in the lab as well. Speaks TAP.
#
# usage: suite.sh MINIVMM LABEL [WORDS]     WORDS: only the tests whose descriptions begin with one of them (patterns)
# STOP=1 ends it at the first test that fails.
#
# Hosts differ: root or not, debugfs or not, lazy or eager, two-dimensional or shadow paging, with nesting or without.
# What is asserted holds on each of them: a check that can't be judged is a skip, and exit status 4 is as good as 0.
minivmm=$1 label=${2:+$2: } wanted=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
failures=0
words=$(cat "$here/native.jq")

set -f

# A sanitizer's finding is told from every status of minivmm's.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}exitcode=99 halt_on_error=1"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}print_stacktrace=1"

is_wanted() { # DESCRIPTION
	[ "$wanted" ] || return 0
	for word in $wanted; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in $word*) return ;; esac
	done
	return 1
}

it() { # FUNCTION DESCRIPTION
	is_wanted "$2" || return
	skip=
	if "$1" >"$work/diagnosis" 2>&1; then
		echo "ok - $label$2${skip:+ # SKIP $skip}"
		return
	fi
	echo "not ok - $label$2"
	sed 's/^/# /' "$work/diagnosis"
	failures=$((failures + 1))
	[ "${STOP:-0}" != 1 ] || exit 1
}

# run NAME ARGUMENT...: leaves NAME.json, NAME.out and NAME.err in $work, and the exit status in $status.
run() {
	name=$1
	shift
	rm -f "$work/$name.json"
	"$minivmm" "$@" -o "$work/$name.json" >"$work/$name.out" 2>"$work/$name.err" </dev/null
	status=$?
	sound
}

# No sanitizer has found anything.
sound() {
	! grep -E 'Sanitizer|runtime error:' "$work/$name.err" && [ "$status" != 99 ] && return
	cat "$work/$name.err"
	return 1
}

# ended STATUS...: the last run did so.
ended() {
	for expected; do
		[ "$expected" != "$status" ] || return 0
	done
	echo "$name: exit status $status, not $*"
	cat "$work/$name.out" "$work/$name.err"
	return 1
}

# that FILTER...: jq says true to each of them, of the last run's report. One jq for all: it is slow in the lab.
that() {
	program="$words ["
	for filter; do
		program="$program (try ([$filter] | length > 0 and all) catch false),"
	done
	bad=$(jq -r "$program true] | to_entries[] | select(.value | not) | .key" "$work/$name.json") && [ "$bad" = "" ] && return
	for index in $bad; do
		( shift "$index" && echo "$name: not so: $1" )
	done
	jq -c '{result, exit_status, error, guest, checks: [.checks[] | select(.result != "pass") | {name, result, reason}]}' "$work/$name.json"
	jq -c '.phases[] | {name, do, done, l1_pages, rmap_state, workers}' "$work/$name.json"
	return 1
}

# fine FILTER...: the last run went well, as far as this host can tell, and the filters say true.
fine() {
	ended 0 4 && that went_well "$@"
}

# overlay BASE: a config of this folder with more from standard input; leaves it in $work/overlay.ini.
overlay() {
	printf '[minivmm]\ninclude = %s/%s.ini\n' "$here" "$1" >"$work/overlay.ini"
	cat >>"$work/overlay.ini"
}

# wait_for FILE PATTERN: until a line of it matches, for a minute.
wait_for() {
	turn=0
	until grep -q "$2" "$1" 2>/dev/null; do
		turn=$((turn + 1))
		[ "$turn" -lt 600 ] || return 1
		sleep 0.1
	done
}

# now: hundredths of a second since the host started.
now() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}

boots() {
	run boot "$here/l1.ini" && fine || return
	that '[.phases[].do] == ["create", "boot", "touch", "teardown"]' \
		'.guest.console | startswith("minivmm payload: ABI ") and endswith(", no SVM or VMX, 1 vCPU\n")' \
		'.guest.vendor == null and .guest.trouble == null and .guest.l2_entries == 0' \
		'[.phases[] | .l1_pages] == [null, 0, 256, null]' \
		'[.phases[] | .l2_pages] == [null, 0, 0, null] and [.phases[] | .l2_entry_ns // 0] == [0, 0, 0, 0]' \
		'[.phases[] | .duration_ns > 0] | all' '.create_ioctl_ns // 1 > 0' \
		'judged("l2.ran"; "skip"; "no phase runs L2")'
}

boots_many() {
	run many "$here/l1.ini" vm.vcpus=5 phase.touch.touch=1028K && fine \
		'.guest.console | endswith(", 5 vCPUs\n")' '.phases[2].l1_pages == 257'
}

# Without root or tracefs the report says why nothing was traced.
traced() {
	run traced "$here/l1.ini" --trace && fine '.trace | has("unavailable") or has("kvm_mmu_load_ns")'
}

# pages_hold FILE STRIDE PAGES BASE: each STRIDE bytes of FILE hold $value + gpa, for PAGES of them; all other pages are 0.
pages_hold() {
	bytes=$(wc -c <"$1") offset=0 left=$3
	while [ "$offset" -lt "$bytes" ]; do
		if [ $((offset % $2)) = 0 ] && [ "$left" -gt 0 ]; then
			printf '%016x\n' $((value + $4 + offset))
			left=$((left - 1))
		else
			echo 0000000000000000
		fi
		offset=$((offset + 4096))
	done >"$work/wanted"
	od -v -An -tx8 "$1" | awk 'NR % 256 == 1 { print $1 }' >"$work/got"
	cmp "$work/wanted" "$work/got" && return
	paste "$work/wanted" "$work/got"
	return 1
}

# A slot whose memory is a file shows what the guest wrote, and where.
writes_pages() {
	value=0x1234567800000000
	set -- memslot.data.backing=file:"$work/memory" phase.touch.slot=data phase.touch.pattern="$value"
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	run pages "$here/l1.ini" "$@" phase.touch.touch=192K && fine '.phases[2].l1_pages == 48' &&
		pages_hold "$work/memory" 4096 48 0x100000000 || return
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	run strides "$here/l1.ini" "$@" phase.touch.touch=44K phase.touch.stride=16K vm.vcpus=3 && fine \
		'.phases[2].l1_pages == 11' && pages_hold "$work/memory" 16384 11 0x100000000
}

# The same where the slots of the row are apart.
writes_apart() {
	value=7
	dd if=/dev/zero of="$work/memory" bs=65536 count=3 2>/dev/null
	run apart "$here/l1.ini" memslot.data.backing=file:"$work/memory" memslot.data.stride=1G phase.touch.slot=data \
		phase.touch.pattern="$value" phase.touch.touch=192K && fine '.phases[2].l1_pages == 48' || return
	od -v -An -tx8 "$work/memory" | awk 'NR % 256 == 1 { print $1 }' >"$work/got"
	for base in 0x100000000 0x140000000 0x180000000; do
		for page in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
			printf '%016x\n' $((value + base + page * 4096))
		done
	done | cmp - "$work/got"
}

backings() {
	for backing in anon memfd; do
		run "$backing" "$here/l1.ini" memslot.data.backing="$backing" memslot.data.thp=always memslot.data.populate=yes \
			phase.touch.slot=data phase.touch.touch=192K && fine '.phases[2].l1_pages == 48' || return
	done
	run huge "$here/l1.ini" memslot.data.backing=hugetlb-2m memslot.data.size=2M memslot.data.count=1 phase.touch.slot=data
	[ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)" != 0 ] || return 0
	fine
}

no_file() {
	run none "$here/l1.ini" memslot.data.backing=file:/nowhere/memory
	ended 4 && that '.result == "skip" and (.error.text | contains("memslot.data.backing: file:/nowhere/memory"))' \
		'.phases == []' 'judged("guest.clean"; "skip")'
}

slots_of_all_kinds() {
	run slots "$here/slots.ini" && fine '[.phases[] | .l1_pages] == [null, 0, 256, 160, 0, 9, null]' || return
	run gone "$here/slots.ini" phase.after.touch=40M
	ended 1 && that '.guest.text == "phase after: KVM_EXIT_MMIO: write of 8 bytes at gpa 0x140000000, where no memslot is"'
}

# The pages of other slots are written before and after a slot moves.
slot_moves() {
	run moved "$here/slots.ini" phase.delete.do=slot-move && fine '[.phases[] | .l1_pages] == [null, 0, 256, 160, 0, 9, null]' \
		'phase("delete") | .do == "slot-move" and .done'
}

slot_under_payload() {
	run under "$here/slots.ini" phase.delete.slot=low
	ended 3 && that '.error.text | contains("the payload runs there")' '[.phases[].do] | index("teardown") != null'
}

slot_fails() {
	run fails "$here/slots.ini" selftest.break=slot-fails
	ended 3 && that '.error.text | test("KVM_SET_USER_MEMORY_REGION\\(memslot\\.logged: slot=0x.* gpa=0x200000000 size=0x4000\\): Invalid argument")' \
		'judged("guest.clean"; "skip")' 'judged("process.clean"; "skip"; "no VM was made")'
}

# What this KVM does not take is an error of the config.
too_much() {
	run much "$here/l1.ini" memslot.data.size=4K memslot.data.count=65536
	ended 2 && grep -q 'memslot' "$work/much.err" && [ ! -e "$work/much.json" ] || return
	run high "$here/l1.ini" memslot.data.base=0x10000000000000
	ended 2 && grep -q 'memslot.data' "$work/high.err"
}

# Was the last run a child's? TSan stops a child that starts threads where its parent had any.
stopped_by_tsan() {
	grep -q 'threads after multi-threaded fork' "$work/$name.err" || return
	skip="TSan lets a child start no threads where its parent had one: the other sanitizers judge this"
}

# A limit makes the run a child's.
too_dear() {
	run dear "$here/l1.ini" vm.kernel-memory-limit=1
	stopped_by_tsan && return
	sound && ended 4 && that '.error.text | contains("more than the 1 B")' '.error.remedy | contains("kernel-memory-limit")'
}

many_slots() {
	run thousand "$here/l1.ini" memslot.data.size=4K memslot.data.count=500 memslot.data.stride=8K memslot.data.id=9 \
		phase.touch.slot=data phase.touch.touch=2000K && fine '.phases[2].l1_pages == 500' \
		'[.phases[0, 1, 2] | .rmap_state | values] | unique | length < 2'
}

# Each is a VM of somebody else's to the others: the host's arrays change all the time.
beside_others() {
	pids=
	for runner in 1 2 3; do
		(
			for turn in a b c; do
				run "beside-$runner$turn" "$here/l1.ini" memslot.data.size=2M \
					memslot.data.count=50 memslot.data.stride=4M phase.touch.touch=64K && fine || exit
			done
		) &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || return
	done
}

as_expected() {
	run known "$here/l1.ini" && policy=$(jq -r .host.rmap_policy "$work/known.json")
	case $policy in
	lazy) other=allocated ;;
	eager) policy=allocated other='' ;;
	*) skip="no source tells whether this host is lazy" && return ;;
	esac
	run right "$here/l1.ini" phase.touch.expect="$policy" && ended 0 && that 'judged("phase.expect"; "pass")' || return
	# On an eager host nothing can be expected to be lazy, and that is no failure.
	[ "$other" ] || return 0
	run wrong "$here/l1.ini" phase.touch.expect="$other"
	ended 1 && that 'judged("phase.expect"; "fail")' '.result == "fail"'
}

# fault BREAK STATUS FILTER
fault() {
	run "$1" "$here/l1.ini" selftest.break="$1" phase.touch.slot=data
	ended "$2" && that "$3"
}

exceptions() {
	fault ud2 1 '.guest.trouble == "reported" and .guest.report.vector == 6 and (.guest.text | contains("exception 6 (#UD)"))' &&
		that 'judged("guest.clean"; "fail"; "phase boot")' '.guest.vcpu == 0 and (.guest.registers | test("rip|RIP"))' \
		'[.phases[] | [.do, .done]] == [["create", true], ["boot", false], ["teardown", true]]'
}

triple_fault() {
	fault triple-fault 1 '.guest.trouble == "exit" and (.guest.text | contains("triple fault"))' && that 'judged("guest.clean"; "fail"; "KVM_EXIT_SHUTDOWN")'
}

wrong_abi() {
	fault wrong-abi 3 '.result == "error" and (.guest.text | contains("the payload speaks ABI 6, this minivmm 5"))'
}

corrupt_page() {
	fault corrupt-page 1 '.guest.text | contains("guest memory at gpa 0x")' && that 'judged("guest.clean"; "fail"; "written was")' || return
	run stress "$here/stress.ini" selftest.break=corrupt-page phase.touch.touch=0
	ended 1 && that 'judged("memory.intact"; "fail")'
}

# What the VM was made of leaks as well, on purpose.
leaked_vm() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run leak "$here/l1.ini" selftest.break=leak-vm
	ended 1 && that 'judged("process.clean"; "fail"; "open descriptors")' 'judged("guest.clean"; "pass")'
}

hidden_nesting() {
	overlay l1 <<-END
		[phase.l2]
		do = l2
	END
	run hidden "$work/overlay.ini"
	if [ "$status" = 4 ]; then
		that '.error.text | contains("does not run nested guests")'
	else
		ended 1 && that 'judged("guest.clean"; "fail"; "phase l2")' '.guest.l2_entries == 0'
	fi
}

hang() {
	run hang "$here/l1.ini" phase.touch.touch=6T phase.touch.timeout=500ms vm.vcpus=2
	ended 1 && that 'judged("guest.clean"; "fail"; "did not come back")' '.guest.trouble == "timeout" and (.guest.registers | length) > 0' \
		'.phases[2].duration_ns | . >= 500000000 and . < 10000000000'
}

logs_and_discards() {
	run checks "$here/checks.ini" && fine 'judged("dirty.complete"; "pass"; "3 phases")' 'judged("discard.fresh"; "pass"; "2 phases")' \
		'phase("log") | .l1_pages > 0'
}

# The check that is not meant is short.
log_misses() {
	run misses "$here/checks.ini" selftest.break=log-misses phase.discard.how=madvise phase.live.how=madvise
	ended 1 && that 'judged("dirty.complete"; "fail"; "memslot.small")' 'judged("guest.clean"; "pass")'
}

stale_page() {
	run stale "$here/checks.ini" selftest.break=stale-page phase.discard.how=madvise
	ended 1 && that 'judged("discard.fresh"; "fail"; "after MADV_DONTNEED: memslot.small: guest memory at gpa 0x")' || return
	run stale-live "$here/checks.ini" selftest.break=stale-page phase.discard.live=yes phase.discard.how=madvise
	ended 1 && that 'judged("discard.fresh"; "fail"; "goes on")'
}

# workers OP[:SLOT]...: an overlay of stress.ini, each op as a worker of its name.
workers() {
	for worker; do
		printf '[worker.%s]\nop = %s\n' "${worker%:*}" "${worker%:*}"
		[ "$worker" = "${worker%:*}" ] || echo "slot = ${worker#*:}"
	done | overlay stress
}

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

# signalled SIGNAL NUMBER ARGUMENT...: minivmm gets it $pause seconds after the phase $phase has begun, and ends with a report:
# within a second, and where the machine is busy, within twice as much more as it took to start.
# It runs in the foreground: in the background a shell has it ignore SIGINT, and so does one that this shell was started by.
signalled() {
	signal=$1 number_of=$2 name=signal-$1
	shift 2
	rm -f "$work/pid" "$work/$name.json" "$work/sent"
	: >"$work/$name.err"
	before=$(now)
	(
		wait_for "$work/$name.err" "$phase" && sleep "$pause" && now >"$work/sent" && kill -s "$signal" "$(cat "$work/pid")"
	) &
	killer=$!
	# shellcheck disable=SC2016,SC2086 # for the inner shell to expand; words
	$default_signals sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$minivmm" "$@" --progress plain \
		-o "$work/$name.json" >"$work/$name.out" 2>"$work/$name.err" </dev/null
	status=$?
	after=$(now)
	wait "$killer"
	sound && ended $((128 + number_of)) && that ".exit_status == $((128 + number_of))" || return
	sent=$(cat "$work/sent")
	# Where it took long to begin, it may take so long to end that minivmm ends it.
	if [ $((sent - before - 100 * pause)) -gt 40 ] &&
		jq -e '.error.text // "" | contains("did not end by itself in time")' "$work/$name.json" >/dev/null; then
		skip="this machine is too busy: the run had to be ended"
		return
	fi
	that '.phases[-1].do == "teardown"' 'judged("process.clean"; "pass")' || return
	[ $((after - sent)) -lt $((100 + 2 * (sent - before - 100 * pause))) ] && return
	echo "ended $((after - sent)) hundredths of a second after the signal, which came $((sent - before)) after the start"
	return 1
}
default_signals=
# shellcheck disable=SC2209 # a command
if env --default-signal true 2>/dev/null; then default_signals="env --default-signal"; fi

signals_while_touching() {
	phase='touch' pause=0
	for signal in INT:2 HUP:1; do
		signalled "${signal%:*}" "${signal#*:}" "$here/l1.ini" phase.touch.touch=6T vm.vcpus=2 phase.touch.timeout=60s || return
		[ "$skip" ] ||
			that '[.phases[] | [.do, .done]] == [["create", true], ["boot", true], ["touch", false], ["teardown", true]]' || return
	done
}

# The signal may come before a vCPU has done its first round.
signals_while_stressing() {
	# A round of the guest takes long where each page fault does and the machine is busy.
	phase=churn pause=1
	workers mprotect:data
	signalled TERM 15 "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=60s phase.churn.touch=8K worker.mprotect.rate=100/s || return
	[ "$skip" ] ||
		that 'judged("stress.clean"; "pass"; "none")' 'judged("memory.intact"; "pass")' \
		'[phase("churn") | .workers[] | select(.worker) | .rounds > 0] | all'
}

# SIGQUIT tells what runs before it ends it.
quit() {
	workers signal-kick
	phase=churn pause=0
	signalled QUIT 3 "$work/overlay.ini" phase.churn.iterations=any phase.churn.duration=60s || return
	[ ! "$skip" ] || return 0
	# Only a stress phase has workers to name.
	for line in '[0-9.]* s: boot (2 of 6)$' '[0-9.]* s: churn: signal-kick (4 of 6)$' 'SIGQUIT: phase churn' 'vCPU 0: ' 'vCPU 1: ' \
		'worker signal-kick: [0-9]* rounds, 0 failures'; do
		grep -q "^minivmm: $line" "$work/$name.err" || { echo "no $line" && cat "$work/$name.err" && return 1; }
	done
}

ignored_hangup() {
	name='nohup'
	: >"$work/nohup.err"
	( trap '' HUP && exec "$minivmm" "$here/stress.ini" phase.churn.iterations=any phase.churn.duration=1s --progress plain \
		-o "$work/nohup.json" >"$work/nohup.out" 2>"$work/nohup.err" ) &
	pid=$!
	wait_for "$work/nohup.err" churn && kill -HUP "$pid"
	wait "$pid"
	status=$?
	sound && fine
}

# kernel NAME ARGS [OVERRIDE...]: a test of the multiboot kernel.
kernel() {
	name=$1 args=$2
	shift 2
	run "$name" "$here/kernel.ini" guest.kernel="$KERNEL" "guest.args=$args" "$@"
}

# A kernel of ours found all that it looked for.
finds() {
	that '.guest.console | contains("PASS: ") and (contains("FAIL: ") | not)'
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

seen_by_stat() {
	name=watched
	: >"$work/watched.err"
	"$minivmm" "$here/l1.ini" phase.touch.touch=6T --progress plain -o "$work/watched.json" >"$work/watched.out" 2>"$work/watched.err" &
	pid=$!
	wait_for "$work/watched.err" touch
	"$minivmm" stat "$pid" --format json >"$work/stat.json" 2>"$work/stat.err"
	status=$? name=stat
	# Once more each 100 ms, until it can't print.
	timeout 10 "$minivmm" stat "$pid" --watch 100ms --format json 2>/dev/null | head -n 2 >"$work/watch.json"
	timeout 10 "$minivmm" stat "$pid" --watch 100ms 2>/dev/null | head -n 6 >"$work/watch.txt"
	kill "$pid"
	wait "$pid"
	if [ "$status" = 0 ]; then
		that ".vms[] | select(.pid == $pid) | .pid == $pid" &&
			jq -es "length == 2 and all(.schema == \"minivmm.stat/1\" and (.vms | length) == 1 and .vms[0].pid == $pid) and .[0].time <= .[1].time" \
				"$work/watch.json" >/dev/null && grep -q '^20[0-9-]*T[0-9:]*Z$' "$work/watch.txt" && grep -q "^ *$pid " "$work/watch.txt"
	else
		skip="$(head -n 1 "$work/stat.err")"
	fi
}

it boots "boot, touch: L1 comes through every phase and no check fails"
it boots_many "five vCPUs share the pages"
it traced "trace: kprobes come and go"
it writes_pages "touch: each page holds pattern + gpa, no other page is written"
it writes_apart "touch: a row whose slots are apart"
it backings "memory of each kind"
it no_file "memory that can't be had: an error, with a report"
it slots_of_all_kinds "slots: rows, ids, an alias, read-only, dirty-log; one that is deleted"
it many_slots "slots: hundreds of them"
it slot_moves "slots: one that moves"
it slot_under_payload "slots: the one under the payload can't be deleted"
it slot_fails "slots: one that KVM refuses: which, with its arguments"
it too_much "slots: more or higher than KVM takes"
it too_dear "slots: dearer than allowed"
it beside_others "slots: three runs at once"
it as_expected "expect: what holds passes, what does not fails"
it exceptions "faults: an exception in L1"
it triple_fault "faults: a triple fault"
it wrong_abi "faults: a payload of another ABI"
it corrupt_page "faults: a page that does not read back"
it leaked_vm "faults: a VM that is not destroyed"
it hidden_nesting "faults: L2 where CPUID hides SVM and VMX"
it hang "faults: a phase that takes too long"
it logs_and_discards "checks: every page written is in the log, and no vCPU keeps memory that was taken back"
it log_misses "checks: a log that misses a page"
it stale_page "checks: a page that was taken back and is still there"
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
it signals_while_touching "signals: SIGINT and SIGHUP end a phase within a second"
it signals_while_stressing "signals: SIGTERM ends a stress"
it quit "signals: SIGQUIT tells what runs, and ends it"
it ignored_hangup "signals: what is ignored stays ignored"
it seen_by_stat "stat: the VM is seen"
# tests/native/run builds it where it can; the emulated host has tests of its own with it.
if [ "${KERNEL:-}" ]; then
	it kernel_tests "kernels: entry, memory, CPUs, devices"
	it kernel_ends "kernels: a status, a text, a time that end a phase"
	it kernel_trouble "kernels: how a run of them fails"
	it kernel_stress "kernels: workers beside one"
	it kernel_log "kernels: the log of what one writes"
	it kernel_list "kernels: a list of them"
	it kernel_list_stopped "kernels: a list that a signal ends"
	it linux_boots "linux: the boot protocol, an initramfs"
	it linux_commands "linux: commands by the agent"
	it linux_ends "linux: what ends a phase, and what ends a run"
	it linux_console "linux: its console"
fi
[ "$failures" = 0 ]
