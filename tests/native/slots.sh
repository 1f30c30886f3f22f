# SPDX-License-Identifier: GPL-2.0-only
# Memslots of every kind, and what is refused. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

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

it slots_of_all_kinds "slots: rows, ids, an alias, read-only, dirty-log; one that is deleted"
it many_slots "slots: hundreds of them"
it slot_moves "slots: one that moves"
it slot_under_payload "slots: the one under the payload can't be deleted"
it slot_fails "slots: one that KVM refuses: which, with its arguments"
it too_much "slots: more or higher than KVM takes"
it too_dear "slots: dearer than allowed"
it beside_others "slots: three runs at once"
it as_expected "expect: what holds passes, what does not fails"
