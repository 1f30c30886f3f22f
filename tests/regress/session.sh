# SPDX-License-Identifier: GPL-2.0-only
# In the lab: runs the selftests that `list` names, and says of each: its exit status, how often KVM called the function that
# allocates rmaps meanwhile, seconds, and its last words.
# shellcheck shell=dash
. ./prelude.sh
trace=/sys/kernel/tracing
function=
for function in memslot_rmap_alloc kvm_arch_prepare_memory_region none; do
	echo "p:regress/rmap $function" >$trace/kprobe_events 2>/dev/null && break
done
echo "regress: KVM allocates rmaps in $function"
[ $function = none ] || echo 1 >$trace/events/regress/rmap/enable

# The line is: name, hits, misses.
hits() {
	awk '$1 == "rmap" { hits = $2 } END { print hits + 0 }' $trace/kprobe_profile 2>/dev/null || echo 0
}

# Less work for those whose default is for a real machine.
arguments_of() { # TEST
	case $1 in
	demand_paging_test | dirty_log_perf_test | access_tracking_perf_test) echo -b 32M ;;
	dirty_log_page_splitting_test) echo -b 32M ;;
	dirty_log_test) echo -i 3 ;;
	kvm_page_table_test) echo -b 64M ;;
	max_guest_memory_test) echo -m 1 -s 1 ;;
	memslot_modification_stress_test) echo -i 200 -b 32M ;;
	# Not the last of its tests, RW, in which it waits 10 seconds for its guest, and no longer.
	memslot_perf_test) echo -s 128 -l 1 -e 4 ;;
	esac
}

# Most end in seconds. What needs longer here than this, of an idle machine, can't be judged.
limit_of() { # TEST
	case $1 in
	dirty_log_test | memslot_perf_test | set_memory_region_test) echo 120 ;;
	*) echo 20 ;;
	esac
}

# What some of them want.
echo 64 >/proc/sys/vm/nr_hugepages
tab=$(printf '\t')
while read -r name; do
	before=$(hits)
	start=$(cut -d' ' -f1 /proc/uptime)
	# shellcheck disable=SC2046 # words
	timeout -s KILL "$(seconds "$(limit_of "$name")")" "tests/$name" $(arguments_of "$name") >/run/words 2>&1 </dev/null
	status=$?
	took=$(awk -v start="$start" '{ printf "%.1f", $1 - start }' /proc/uptime)
	# The line after an assertion tells more: file and condition.
	words=$(sed '/==== Test Assertion Failure ====/d' /run/words | grep -aE 'SKIP|not met|^ *[a-z0-9_/]+\.c:[0-9]+:|not ok|errno|Alarm clock' |
		head -n 1 | tr -s '\r\t ' ' ' | cut -c 1-160)
	echo "regress:$tab$name$tab$status$tab$(($(hits) - before))$tab$took$tab$words"
done <list
exit 0
