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

# What some of them want.
echo 64 >/proc/sys/vm/nr_hugepages
tab=$(printf '\t')
while read -r name; do
	before=$(hits)
	start=$(cut -d' ' -f1 /proc/uptime)
	# Most end in seconds. What needs longer here can't be judged.
	timeout -s KILL "$(seconds 20)" "tests/$name" >/run/words 2>&1 </dev/null
	status=$?
	took=$(awk -v start="$start" '{ printf "%.1f", $1 - start }' /proc/uptime)
	words=$(grep -aE 'SKIP|not met|Assert|not ok|errno' /run/words | head -n 1 | tr -d '\r\t' | cut -c 1-160)
	echo "regress:$tab$name$tab$status$tab$(($(hits) - before))$tab$took$tab$words"
done <list
exit 0
