# SPDX-License-Identifier: GPL-2.0-only
# Runs kvm modules with a bug in them in the lab, several per boot, and says what caught them.
# A group is the modules with one bug, and the configs that run on them until one catches it. A config that can't be judged
# on a host with 2G, because it wants less memory or more, runs again on others.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this

mutants_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mutants_top=${mutants_dir%/tests/mutants}
export LAB_MINIVMM=${LAB_MINIVMM:-$mutants_top/build/static/minivmm}
mutants_kernel=${KERNEL:-6.12} mutants_flavour=${FLAVOUR:-cloud-amd64} mutants_vendor=${VENDOR:-amd}
# The hosts' memory, and the seconds that a config may take; the Intel host is Bochs, which is slow.
case $mutants_vendor in
intel) mutants_memory='1G 2G' mutants_seconds=300 ;;
*) mutants_memory='2G 1G 6G' mutants_seconds=60 ;;
esac
read -ra mutants_memory <<<"${LAB_MEM:-$mutants_memory}"
# The number of groups that run in one boot. A crash ends the boot for all of them, and those that are left boot anew.
mutants_per_boot=${MUTANTS_PER_BOOT:-16}
mutants_scratch=$(mktemp -d)

declare -A group_modules=() # by group: the folder with the modules
declare -A group_parameters=() # what the vendor's module gets: pml=0
declare -A group_configs=() # the configs that have not run yet, a line each
declare -A config_place=()  # by config: the place in mutants_memory of the host that it runs on, as far as is known
declare -A group_expects=() # the checks that may catch it, separated by commas: named first where several do
declare -A group_result=()  # caught, missed, error: once it is known
declare -A group_check=() group_config=() group_seconds=()
declare -A group_said=()    # why, for people
declare -A group_crash=()   # of a crash in KVM: the first line of its report, and the first of KVM's functions in it
declare -A group_failed=()  # a config did not run: if nothing catches it, it is not known whether that would have
declare -A group_careful=() # the boot ended by something else than KVM: so often

mutants__fail() {
	echo "mutants: $*" >&2
	exit 3
}

# In the lab a config has the path that it has here, and its neighbours are there for its includes.
mutants__add_configs() { # sets files
	local config file
	while read -r config; do
		for file in "$config" "${config%/*}"/*.ini; do
			[[ ! -r $file || " ${files[*]} " == *" $file:$file "* ]] || files+=(--add "$file:$file")
		done
	done
}

# Boots, and runs these groups. Exit status: the lab's.
mutants__boot() { # PLACE IN mutants_memory, GROUP...
	local place=$1 memory=${mutants_memory[$1]} group config files=() mods=$mutants_scratch/mods status=0
	shift
	rm -rf "$mods" "$mutants_scratch/out"
	mkdir -p "$mods" "$mutants_scratch/out"
	for group in "$@"; do
		mkdir -p "$mods/$group"
		cp "${group_modules[$group]}"/kvm*.ko "$mods/$group"
		while read -r config; do
			[[ ${config_place[$config]:-0} == "$place" ]] || break
			printf '%s\t%s\t%s\t%s\n' "$group" "$group" "$config" "${group_parameters[$group]:-}"
		done <<<"${group_configs[$group]}"
	done >"$mutants_scratch/list"
	mutants__add_configs < <(cut -f 3 "$mutants_scratch/list" | sort -u)
	LAB_MEM=$memory KERNEL=$mutants_kernel FLAVOUR=$mutants_flavour VENDOR=$mutants_vendor LAB_TIMEOUT=${LAB_TIMEOUT:-$((60 + mutants_seconds * $(wc -l <"$mutants_scratch/list")))} \
		"$mutants_top/tests/lab/run" --script "$mutants_dir/session.sh" --outdir "$mutants_scratch/out" \
		--add "$mutants_top/tests/e2e/prelude.sh" --add "$mutants_scratch/list" --add "$mods" "${files[@]}" >"$mutants_scratch/log" 2>&1 || status=$?
	return $status
}

# The check that says most: one that is expected, else the first that names what it is about.
mutants__choose_check() { # EXPECTED FAILED: a line each, CHECK: REASON
	local names
	names=$(cut -d: -f 1 <<<"$2")
	grep -Fxm 1 -f <(sed 's/, */\n/g' <<<"$1") <<<"$names" || grep -vxEm 1 'guest.clean|l2.ran|phase.expect|sources.agree|klog.clean' <<<"$names" ||
		head -n 1 <<<"$names"
}

mutants__caught() { # GROUP CHECK CONFIG SECONDS
	group_result[$1]=caught group_check[$1]=$2 group_config[$1]=$3 group_seconds[$1]=$4
}

mutants__error() { # REPORT > what minivmm says
	jq -er '.error.text' "$1" 2>/dev/null || grep -aE '^minivmm: |: error' "$mutants_scratch/log" | tail -n 1
}

# Has the config run again on a host with other memory, if it has not run on all of them.
mutants__elsewhere() { # GROUP CONFIG
	local next=$((place + 1))
	[[ $next -lt ${#mutants_memory[@]} ]] || return
	config_place[$2]=$next
	group_configs[$1]=$2${group_configs[$1]:+$'\n'}${group_configs[$1]}
}

# The place in mutants_memory where a group goes on.
mutants__place() { # GROUP
	echo "${config_place[$(head -n 1 <<<"${group_configs[$1]}")]:-0}"
}

# A run came to its end. What an earlier group of the boot has lost may be what this one misses: then it is not judged here.
mutants__take_end() { # GROUP CONFIG STATUS SECONDS NUMBER
	local report=$mutants_scratch/out/$5.json failed
	[[ $3 == [01] || ! $found ]] || return 0
	group_configs[$1]=$(sed 1d <<<"${group_configs[$1]}")
	group_careful[$1]=0
	failed=$(sed -n "s/^mutants: $5 failed //p" "$mutants_scratch/log")
	if [[ $3 == 1 && $failed ]]; then
		mutants__caught "$1" "$(mutants__choose_check "${group_expects[$1]:-}" "$failed")" "$2" "$4"
		group_said[$1]=$failed found=1
		[[ ! ${mutants_reports:-} || ! -e $report ]] || cp "$report" "$mutants_reports/$1.json"
	elif [[ $3 == 4 ]] && mutants__elsewhere "$1" "$2"; then
		return
	elif [[ $3 == 4 ]]; then
		group_said[$1]+="${2##*/}: nothing could be judged: $(mutants__error "$report")"$'\n'
	elif [[ $3 == 0 ]]; then
		group_said[$1]+="${2##*/}: passes"$'\n'
	else
		group_said[$1]+="${2##*/}: minivmm ended with $3: $(mutants__error "$report")"$'\n'
		group_failed[$1]=1
	fi
	[[ ${group_configs[$1]} || ${group_result[$1]:-} ]] || group_result[$1]=$([[ ${group_failed[$1]:-} ]] && echo error || echo missed)
}

# Of the last boot's crash, by what the lab says of it: seconds from the config's start to the first line of its report, where the
# kernel gives each line a time.
mutants__crash_seconds() { # NUMBER
	local start
	start=$(sed -nE "s/^mutants: $1 runs at ([0-9.]+)$/\1/p" "$mutants_scratch/log" | tail -n 1)
	[[ ! $start ]] || sed -nE 's/^(lab:)? *\[ *([0-9]+\.[0-9]+)\] .*(BUG: |Oops: |Kernel panic|general protection).*/\2/p' "$mutants_scratch/log" |
		awk -v start="$start" 'NR == 1 && $1 >= start { printf "%.1f", $1 - start }'
}

# The first line of a crash's report, without numbers that differ from crash to crash, and the first of KVM's functions.
mutants__crash_place() { # WHAT THE LAB SAID
	local first frame
	first=$(grep -aEm 1 'BUG|Oops|[Pp]anic|fault|Unable|error:' <<<"$1" | sed -E 's/^\[ *[0-9.]+\] *//; s/(, address| for address| on address)?:? (0x)?[0-9a-f]{8,16}\b.*//')
	frame=$(grep -aoEm 1 '[A-Za-z_][A-Za-z0-9_.]*\+0x[0-9a-f]+/0x[0-9a-f]+ \[kvm[a-z_]*\]' <<<"$1" | head -n 1)
	printf '%s in %s' "${first:-a crash}" "${frame%%+*}"
}

# The boot ended while this group's config ran. What is not KVM's by the crash's report may be the emulator's: it happens
# again, or it is none.
mutants__take_crash() { # GROUP CONFIG STATUS NUMBER
	local said
	said=$(sed -n '/^lab: FAIL/,/^lab: last lines/{/last lines/d;s/^lab: *//p}' "$mutants_scratch/log")
	if [[ $3 == 1 && $said ]]; then
		mutants__caught "$1" crash "$2" "$(mutants__crash_seconds "$4")"
		group_said[$1]=$said group_crash[$1]=$(mutants__crash_place "$(sed 1d <<<"$said")")
	elif [[ $3 == 124 || $3 == 125 ]]; then
		group_careful[$1]=$((${group_careful[$1]:-0} + 1))
		[[ ${group_careful[$1]} -ge 2 ]] || return 0
		if [[ $3 == 124 ]]; then
			mutants__caught "$1" no-end "$2" ''
		else
			mutants__caught "$1" crash-elsewhere "$2" "$(mutants__crash_seconds "$4")"
		fi
		group_said[$1]=$(grep -aE '^lab: |BUG:|Oops:|Kernel panic|RIP: 0010|Bad page' "$mutants_scratch/log" | head -n 12)
	else
		cat "$mutants_scratch/log" >&2
		mutants__fail "the lab ended with $3"
	fi
}

# Reads what became of each line of the list.
mutants__take_results() { # STATUS OF THE LAB, PLACE IN mutants_memory
	local group config number=0 ended code seconds place=$2 found=''
	while IFS=$'\t' read -r group _ config _; do
		number=$((number + 1))
		# The rest of a group of which one has caught something, or has to run elsewhere, did not run.
		[[ ! ${group_result[$group]:-} && $(head -n 1 <<<"${group_configs[$group]}") == "$config" &&
			$(mutants__place "$group") == "$place" ]] || continue
		ended=$(sed -nE "s/^mutants: $number (ended .*|can't be loaded.*)/\\1/p" "$mutants_scratch/log" | head -n 1)
		case $ended in
		'ended '*)
			read -r _ code seconds <<<"$ended"
			mutants__take_end "$group" "$config" "$code" "$seconds" "$number"
			;;
		"can't be loaded"*) # what an earlier group of the boot left keeps the modules
			[[ $number != 1 ]] || { group_result[$group]=error group_said[$group]=$ended; }
			return 0
			;;
		*)
			# Before it ran, the modules of another group were unloaded: that may have been too much for the kernel.
			if [[ $number == 1 ]] || { [[ $1 != 0 ]] && grep -q "^mutants: $number runs" "$mutants_scratch/log"; }; then
				mutants__take_crash "$group" "$config" "$1" "$number"
			fi
			return 0
			;;
		esac
	done <"$mutants_scratch/list"
}

# Runs these groups until there is a result of each.
mutants__run() { # GROUP...
	local group now status place there
	while :; do
		now=() place=''
		for group in "$@"; do
			[[ ! ${group_result[$group]:-} && ${#now[@]} -lt $mutants_per_boot ]] || continue
			there=$(mutants__place "$group")
			[[ ${place:-$there} == "$there" ]] || continue
			place=$there
			# Once more, alone: then nobody else can be the cause.
			if [[ ${group_careful[$group]:-0} != 0 ]]; then
				now=("$group")
				break
			fi
			now+=("$group")
		done
		[[ ${#now[@]} -gt 0 ]] || return 0
		status=0
		mutants__boot "$place" "${now[@]}" || status=$?
		mutants__take_results "$status" "$place"
	done
}
