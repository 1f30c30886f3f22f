# SPDX-License-Identifier: GPL-2.0-only
# The command line, without KVM: the sanitized build.

load vmm

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "--help and --version say so on stdout, exit 0" {
	vmm --help
	[[ $status == 0 && ! -s stderr ]]
	grep -q 'CONFIG.ini' stdout
	vmm --version
	[[ $status == 0 && $(cat stdout) =~ ^minivmm\ [0-9]+\.[0-9]+ ]]
	# What stat --predict needs.
	grep -qE '^minivmm [^ ]+ \((libbpf v?[0-9.]+|without libbpf)\)$' stdout
}

# The words of usage lines like "  or:  minivmm list [OPTION...] keys|checks".
words() { sed -nE 's/^(Usage|  or): .* \[OPTION\.\.\.\] ([a-z|]+).*/\2/p' stdout | tr '|' ' '; }

@test "--help names every command, and what each of them takes" {
	local command line word
	vmm --help
	cp stdout help
	for command in plan smoke stat sweep report list; do
		vmm $command --help
		[[ $status == 0 && ! -s stderr ]]
		line=$(grep "^  minivmm $command " help)
		for word in $(words); do
			[[ $line =~ (^|[^a-z])$word($|[^a-z]) ]] || { echo "$command $word"; return 1; }
		done
	done
	vmm run --help
	[[ $status == 0 ]]
}

@test "usage errors: exit 2, nothing on stdout" {
	local -a wrong=("" "--no-such-option" "--format xml $top/configs/transition.ini" "--seed x c.ini"
		"--timeout 5parsecs c.ini" "--progress maybe c.ini" "list" "list planets" "report"
		"plan" "plan --kernel six $top/configs/transition.ini" "plan --format ktap c.ini" "report frobnicate" "report show" "$top/configs/transition.ini what")
	for arguments in "${wrong[@]}"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm $arguments
		echo "$arguments: $status"
		[[ $status == 2 && ! -s stdout && -s stderr ]]
	done
}

@test "what every command takes: -o --format --seed --timeout --progress -v" {
	local -a common=(-o out.json --format json --seed 7 --timeout 5s --progress never -v)
	vmm "$top/configs/transition.ini" vm.device=/nonexistent "${common[@]}"
	[[ $status == 4 ]]
	vmm smoke vm.device=/nonexistent "${common[@]}"
	[[ $status == 4 ]]
	vmm plan "$top/configs/transition.ini" "${common[@]}"
	[[ $status == 0 && ! -s stderr ]]
	cmp stdout out.json
	vmm report show "$top/tests/fixtures/report.json" "${common[@]}"
	[[ $status == 0 ]]
	# This point is an error because no KVM accepts it.
	vmm sweep --sizes 100T --slots 1 "${common[@]}"
	[[ $status == 2 ]]
	grep -q 'KVM takes at most' stderr
	vmm stat 2147483647 "${common[@]}"
	[[ $status == 4 ]]
	for command in plan stat sweep report; do
		for option in "--seed x" "--timeout 5parsecs" "--timeout 20000h" "--progress maybe" "--format xml"; do
			# shellcheck disable=SC2086 # words on purpose
			vmm $command $option
			[[ $status == 2 && ! -s stdout ]]
			has stderr "$option: not "
		done
	done
}

@test "--help has the options and the formats that the command uses, and no others" {
	for command in plan stat report; do
		vmm $command --help
		grep -q -- '--output=FILE' stdout
		! grep -qE -- '--(seed|timeout|progress|verbose|trace)' stdout || return 1
	done
	vmm sweep --help
	grep -q -- '--timeout=DURATION' stdout
	! grep -qE -- '--(seed|trace)' stdout || return 1
	vmm run --help
	has stdout --{seed,timeout,progress,verbose,trace}
	vmm plan --help
	[[ $(tr -s ' \n' ' ' <stdout) == *"--format=FORMAT On stdout: text (default, for people), json (for programs) -o,"* ]]
	vmm smoke --help
	grep -q 'ktap (default, for test harnesses)' stdout
	vmm report --help
	[[ $(tr -s ' \n' ' ' <stdout) == *"merge: text, json, csv; crash: text, json -o,"* ]]
}

@test "a seed that the report could not have as a number is refused" {
	vmm --seed 9223372036854775808 "$top/configs/transition.ini" vm.device=/nonexistent
	[[ $status == 2 && ! -s stdout ]]
	grep -q -- '--seed 9223372036854775808: not a number from 0 to 9223372036854775807' stderr
	vmm --seed 9223372036854775807 "$top/configs/transition.ini" vm.device=/nonexistent --format json
	[[ $status == 4 ]]
	grep -q '"seed": 9223372036854775807,' stdout
}

@test "each broken config: its errors with file:line, exit 2, nothing created" {
	local count=0 said
	cd "$top/tests/broken"
	for config in *.ini; do
		status=0
		# Without a device, KVM's limits apply and not this host's.
		said=$("$minivmm" "$config" vm.device=/nonexistent -o "$BATS_TEST_TMPDIR/report.json" </dev/null 2>&1) || status=$?
		[[ $status == 2 ]] || { echo "$config: exit status $status"; return 1; }
		[[ $said == "$(<"${config%.ini}.expect")" ]] || diff -u "${config%.ini}.expect" - <<<"$said"
		count=$((count + 1))
	done
	[[ ! -e $BATS_TEST_TMPDIR/report.json ]]
	((count >= 30))
}

@test "an unknown op: the error names all that list ops names, and the closest" {
	local ops
	ops=$("$minivmm" list ops | paste -sd, | sed 's/,/, /g; s/\(.*\), /\1 or /')
	[[ $ops == "dirty-log-toggle, "*" or "* ]]
	vmm "$top/configs/stress-short.ini" vm.device=/nonexistent worker.dirty.op=dirty-log-toggel
	[[ $status == 2 && ! -s stdout ]]
	grep -qF "dirty-log-toggel: must be $ops; did you mean dirty-log-toggle?" stderr
}

@test "list keys and list checks: one word a line" {
	for what in keys checks; do
		vmm list $what
		[[ $status == 0 && $(wc -l <stdout) -gt 10 ]]
		! grep -qvE '^[a-zA-Z0-9._-]+$' stdout || return 1
	done
	grep -qx 'rmap.exact' stdout
	vmm list keys -v
	grep -qP '^memslot.NAME.size\t' stdout
}

@test "every check of the contract is there" {
	vmm list checks
	[[ $(grep -cxF "$(printf '%s\n' host.kvm host.nested host.tdp-mmu lazy.before control.no-npt transition.observed \
		rmap.exact tracking.exact l2.ran teardown.clean klog.clean)" stdout) == 11 ]]
}

@test "report show renders a saved report; what is none is an error" {
	vmm report show "$top/tests/fixtures/report.json"
	[[ $status == 0 ]]
	grep -q '^PASS' stdout
	vmm report show "$top/tests/fixtures/report.json" --format ktap
	[[ $status == 0 && $(head -n 1 stdout) == "KTAP version 1" ]]
	vmm report show "$top/tests/fixtures/report.json" --format json
	same stdout "$top/tests/fixtures/report.json"
	echo '{' >broken.json
	vmm report show broken.json
	[[ $status == 3 && ! -s stdout ]]
	grep -q 'broken.json' stderr
	echo '{"schema": "other/1"}' >other.json
	vmm report show other.json
	[[ $status == 3 ]]
	vmm report show nowhere.json
	[[ $status == 3 ]]
}

@test "plan: every shipped config, for every kernel, without KVM" {
	local config
	for config in "$top"/configs/*.ini; do
		vmm plan "$config" --kernel all -o "${config##*/}.json"
		[[ $status == 0 && ! -s stderr && -s stdout ]] || { echo "$config"; cat stderr; return 1; }
	done
	# Prints the names of the plans that are not so.
	jq -n '[inputs | select((.schema == "minivmm.report/1" and (.plan | length) >= 6 and .config and .host.kernel
		and all(.plan[]; .creation_bytes >= 0 and .headroom_bytes > 0 and .headroom_fraction > 0)
		and (.slots[0] | .name and .predicted.rmap_bytes > 0 and .predicted.dirty_bitmap_bytes >= 0)) | not) | input_filename]' ./*.ini.json >wrong
	[[ $(<wrong) == '[]' ]] || { cat wrong; return 1; }
}

@test "plan: the transition costs 64 GiB 0.25 %, and when depends on the kernel" {
	vmm plan "$top/configs/transition.ini" --kernel 6.12 --format json
	jq -e '(.plan[0] | .kernel == "6.12" and .transition_bytes == 134750208 + 33619968)
		and .plan[0].headroom_bytes > 168000000 and .host.rmap_policy == "lazy"
		and ([.slots[].predicted.rmap_bytes] | add == 134750208)' stdout
	vmm plan "$top/configs/transition.ini" --kernel 6.12 --tdp-mmu off --format json
	jq -e '.plan[0].transition_bytes == 33619968 and .host.rmap_policy == "eager"' stdout
	vmm plan "$top/configs/transition.ini" --kernel 6.12 --tdp-mmu perhaps
	[[ $status == 2 && ! -s stdout && $(<stderr) == *"--tdp-mmu perhaps: not on or off"* ]]
	vmm plan "$top/configs/transition.ini" --kernel 5.10 -o plan.json
	jq -e '.plan[0] | .transition_bytes == 0 and .creation_bytes == 134750208 + 33619968 + 143360' plan.json
	vmm report show plan.json
	[[ $status == 0 ]]
	grep -q '^PLAN: a VM of 64 GiB on 5.10' stdout
	vmm plan "$top/configs/transition.ini" memslot.high.base=1G
	[[ $status == 2 && ! -s stdout ]]
	grep -q overlaps stderr
}

@test "plan: a layout is enough, which can't be run" {
	printf '[memslot.low]\nbase = 0\nsize = 64G\n' >layout.ini
	vmm plan layout.ini --kernel 6.12 --format json
	[[ $status == 0 && ! -s stderr ]]
	jq -e '.plan[0].transition_bytes == 134746112 + 33619968' stdout
	vmm layout.ini
	[[ $status == 2 && ! -s stdout ]]
	grep -qx 'layout.ini:1: phase: there is no \[phase.NAME\]: nothing would run' stderr
}

@test "plan: memslots that KVM makes by itself are named, and counted, where the guest has interrupt controllers" {
	vmm plan "$top/configs/linux-nested.ini" --kernel 6.12 -o plan.json
	[[ $status == 0 ]]
	grep -q '^  kvm:apic-access  *smm  *1  *0xfee00000  *4 KiB ' stdout
	grep -q 'KVM makes those named kvm: by itself, on Intel' stdout
	jq -e '[.slots[] | [.name, .id, .space]] == [["low", 0, "normal"], ["kvm:apic-access", 32765, "normal"],
		["kvm:apic-access", 32765, "smm"]] and ([.slots[].predicted.rmap_bytes] | add) == .predicted.transition.rmap_bytes' plan.json
}

@test "plan: the kernel's vendor decides, and the headline says what is assumed" {
	local headline
	plan() {
		vmm plan "$top/configs/transition.ini" "$@"
		[[ $status == 0 ]]
		headline=$(sed '/^$/,$d' stdout | tr -s '\n ' ' ')
	}
	plan --kernel 5.14.0-570.12.1.el9_6.x86_64
	[[ $headline == *"; assumed: TDP MMU on, as RHEL 9 builds it; say --tdp-mmu "* ]]
	plan --kernel 5.14.0-570.12.1.el9_6.x86_64 --format json
	jq -e '.plan[0] | .transition_bytes == 134750208 + 33619968 and .vendor == "RHEL 9" and .refused == null' stdout
	plan --kernel 5.14.0-570.12.1.el9_6.x86_64 --tdp-mmu on
	[[ $headline != *assumed* ]]
	plan --kernel 6.11.4-301.fc41.x86_64
	[[ $headline == *"assumed: KVM as in mainline 6.11, because this release's vendor is unknown; "* ]]
	plan --kernel 5.15.167.4-microsoft-standard-WSL2 --format json
	jq -e '.plan[0].transition_bytes == 0 and .host.rmap_policy == "eager"' stdout
	plan --kernel all
	[[ $headline == *" on newest, the worst of these 11 kernels; "* ]]
	awk '/^KVM.s arrays/ { getline; getline; print $1 }' stdout | grep -qx newest
	grep -q '6.1-amd64 .*Proxmox 8' stdout
	plan --kernel all --format json
	jq -e '(.plan[-1].headroom_bytes) == (.plan | map(.headroom_bytes) | max)' stdout
}

@test "plan: an array that the kernel refuses" {
	vmm plan "$top/configs/1t.ini" --kernel 5.15.100
	[[ $status == 0 ]]
	tr -s '\n ' ' ' <stdout | grep -q 'on 5.15.100; REFUSED: memslot.all: its rmap array of 2147483648 bytes is .* the first nested guest fails with ENOMEM; assumed'
	vmm plan "$top/configs/1t.ini" --kernel 5.15.100 --tdp-mmu off --format json
	jq -e '.plan[0].refused | .slot == "all" and .array == "rmap" and .at == "creation" and .certain' stdout
	vmm plan "$top/configs/1t.ini" --kernel 5.15.0-126-generic
	grep -q 'perhaps REFUSED' stdout
	vmm plan "$top/configs/1t.ini" --kernel 5.15.100 memslot.all.size=1048576M --format json
	jq -e '.plan[0].refused' stdout
	vmm plan "$top/configs/1t.ini" --kernel 5.15.100 memslot.all.size=1073741820K --format json
	jq -e '.plan[0].refused == null' stdout
}

@test "an unwritable -o is an error, whatever the verdict" {
	vmm "$top/configs/transition.ini" -o /nowhere/report.json
	[[ $status == 3 ]]
	grep -q '/nowhere' stderr
}

@test "on a host that can't run it: a report, a reason, exit 4" {
	vmm "$top/configs/transition.ini" vm.device=/nonexistent -o report.json
	[[ $status == 4 ]]
	jq -e '.result == "skip" and .exit_status == 4
		and (.checks[0] | .name == "host.kvm" and (.reason | contains("open(/nonexistent)")))' report.json
}

@test "-o: what can't be written is said before anything runs; what is refused leaves the file alone" {
	local one
	mkdir folder
	for one in nowhere/x.json folder "" nowhere/x.jsonl; do
		vmm "$top/configs/transition.ini" vm.device=/nonexistent -o "$one"
		[[ $status == 3 && ! -s stdout && $(<stderr) == 'minivmm: writing'* ]]
		vmm smoke vm.device=/nonexistent -o "$one"
		[[ $status == 3 && ! -s stdout ]]
	done
	for one in old.json old.jsonl; do
		echo "keep me" >$one
		vmm "$top/tests/broken/overlap.ini" -o $one
		[[ $status == 2 && $(cat $one) == "keep me" ]]
	done
	vmm "$top/tests/broken/overlap.ini" -o new.jsonl
	[[ $status == 2 && ! -e new.jsonl ]]
}

@test "-o FILE.jsonl: report reads it, whatever wrote it" {
	vmm plan "$top/configs/transition.ini" -o plan.jsonl
	[[ $status == 0 && $(wc -l <plan.jsonl) == 1 ]]
	vmm report show plan.jsonl
	[[ $status == 0 && -s stdout ]]
	vmm smoke vm.device=/nonexistent -o smoke.jsonl
	vmm report show smoke.jsonl
	[[ -s stdout && ! -s stderr ]]
}
