# SPDX-License-Identifier: GPL-2.0-only
# make mutants: what becomes of each run. A script stands for the lab: `outcomes` says what happens to which config.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export FAKE=$BATS_TEST_TMPDIR MUTANTS_OUT=$BATS_TEST_TMPDIR/out
	unset KERNEL VENDOR RUNS LAB_MEM MODPARAMS FLAVOUR
	cd "$FAKE" || return
	mkdir -p tests/lab configs modules/none mine docs
	cp -r "$top/tests/mutants" tests/
	: >modules/none/kvm.ko
	: >configs/one.ini
	: >configs/two.ini
	: >mine/base.ini
	: >mine/my.ini
	echo 'a bug' >my-bug.patch
	export LAB_MINIVMM=/bin/true
	cat >tests/lab/build-modules <<-'END'
		#!/bin/bash
		case $2 in *unbuildable*) echo "lab: $2 does not apply" >&2; exit 3 ;; esac
		echo "$FAKE/modules/none"
	END
	cat >tests/lab/run <<-'END'
		#!/bin/bash
		failed() { # NUMBER CHECKS
			printf "mutants: $1 failed %s: it is so\\n" ${2//,/ }
			echo "mutants: $1 ended 1 1.5"
		}
		while [[ $# -gt 0 ]]; do
			[[ $1 != --outdir ]] || out=$2
			[[ $1 != --add || $2 != */list ]] || list=$2
			[[ $1 != --add ]] || echo "$2" >>"$FAKE/added"
			shift 2
		done
		echo "$LAB_MEM $(cut -f 1 "$list" | uniq | paste -sd ' ')" >>"$FAKE/boots"
		echo "minivmm: 0.1 s: boot"
		while IFS=$'\t' read -r group modules config parameters; do
			number=$((number + 1))
			[[ " $done " != *" $group "* ]] || continue
			echo "mutants: $number runs at 10.00"
			[[ ! $parameters ]] || echo "$group $parameters" >>"$FAKE/parameters"
			read -r what checks < <(awk -v group="$group" -v config="$(basename "$config" .ini)" -v memory="$LAB_MEM" '
				(group == $1 || index(group, $1 ".") == 1) && $2 == config && ($3 == memory || $3 == "any") { print $4, $5; exit }' "$FAKE/outcomes")
			case $what in
			pass) echo "mutants: $number ended 0" ;;
			fail) failed $number "$checks"; done+=" $group" ;;
			skip) echo '{"error": {"text": "too little memory"}}' >"$out/$number.json"; echo "mutants: $number ended 4"; done+=" $group" ;;
			leaks*) # 137: the OOM killer ends a later one
				if [[ $lost ]]; then
					echo "mutants: $number ended ${what#leaks}"
				else
					lost=1
					failed $number "$checks"
				fi
				done+=" $group"
				;;
			error) echo '{"error": {"text": "no such thing"}}' >"$out/$number.json"; echo "mutants: $number ended 3" ;;
			crash)
				printf 'lab: FAIL: the kernel crashed in KVM, in phase transition\nlab:   BUG: NULL pointer, address: 0000000000000072\nlab:   at rmap_add+0x1/0x2 [kvm]\nlab: last lines:\n'
				printf '[   12.345678] BUG: NULL pointer, address: 0000000000000072\n[   12.400000] Kernel panic - not syncing\n'
				exit 1
				;;
			elsewhere) echo "[   11.500000] Kernel panic - not syncing: it is"; exit 125 ;;
			one) exit 1 ;; # no crash is told of
			once) [[ -e $FAKE/once ]] || { : >"$FAKE/once"; exit 125; }; echo "mutants: $number ended 0" ;;
			hang) exit 124 ;;
			stale) failed $number "$checks"; exit 0 ;;
			lab) exit 3 ;;
			esac
		done <"$list"
		exit 0
	END
	chmod +x tests/lab/*
}

outcomes() { # GROUP CONFIG MEMORY WHAT [CHECKS], a line each
	cat >outcomes
}

@test "the check that fails, and the config, are in the last line" {
	outcomes <<-END
		my-bug one any pass
		my-bug my any fail guest.clean,rmap.exact,teardown.clean
	END
	run tests/mutants/run my-bug.patch configs/one.ini mine/my.ini configs/two.ini
	echo "$output"
	[[ $status == 0 && ${lines[-1]} == "caught my-bug by rmap.exact in mine/my.ini" ]]
	[[ $output == *"teardown.clean: it is so"* ]]
	# The configs' neighbours, which they may include, are there.
	grep -q "/mine/base.ini:.*/mine/base.ini" added
	# One boot, and no config after that.
	[[ $(cat boots) == "2G my-bug" ]]
}

@test "what no config catches is missed, with exit status 1" {
	outcomes <<-END
		my-bug one any pass
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	[[ $status == 1 && ${lines[-1]} == "missed my-bug" ]]
}

@test "a check that fails only with general ones is named by the first of them" {
	outcomes <<-END
		my-bug one any fail guest.clean,klog.clean
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	[[ $status == 0 && ${lines[-1]} == "caught my-bug by guest.clean in configs/one.ini" ]]
}

@test "a crash in KVM is a catch, with its phase and functions" {
	outcomes <<-END
		my-bug one any crash
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	echo "$output"
	[[ $status == 0 && ${lines[-1]} == "caught my-bug by crash in configs/one.ini" ]]
	[[ $output == *"in phase transition"*"at rmap_add"* ]]
}

@test "a crash elsewhere, or no end, counts if it happens again" {
	outcomes <<-END
		my-bug one any elsewhere
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	[[ $status == 0 && ${lines[-1]} == "caught my-bug by crash-elsewhere in configs/one.ini" && $(wc -l <boots) == 2 ]]
	outcomes <<-END
		my-bug one any hang
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	[[ $status == 0 && ${lines[-1]} == "caught my-bug by no-end in configs/one.ini" ]]
	outcomes <<-END
		my-bug one any once
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	[[ $status == 1 && ${lines[-1]} == "missed my-bug" ]]
}

@test "a config that wants a host of another size gets one" {
	outcomes <<-END
		my-bug one 2G skip
		my-bug one 1G fail phase.fails
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	echo "$output"
	[[ $status == 0 && ${lines[-1]} == "caught my-bug by phase.fails in configs/one.ini" && $(cat boots) == $'2G my-bug\n1G my-bug' ]]
	outcomes <<-END
		my-bug one any skip
		my-bug two any pass
	END
	run tests/mutants/run my-bug.patch configs/one.ini configs/two.ini
	echo "$output"
	[[ $status == 1 && $output == *"one.ini: nothing could be judged: too little memory"*"two.ini: passes"* ]]
}

@test "own errors are 3, wrong usage is 2, and neither is missed" {
	outcomes <<-END
		my-bug one any error
		my-bug two any lab
	END
	run tests/mutants/run my-bug.patch configs/one.ini
	[[ $status == 3 && $output == *"minivmm ended with 3: no such thing"* && $output != *missed* ]]
	run tests/mutants/run my-bug.patch configs/two.ini
	[[ $status == 3 && $output == *"the lab ended with 3"* && $output != *missed* ]]
	cp my-bug.patch unbuildable.patch
	run tests/mutants/run unbuildable.patch configs/one.ini
	[[ $status == 3 && $output == *"does not apply"* && $output != *missed* ]]
	run tests/mutants/run my-bug.patch
	[[ $status == 2 ]]
	run tests/mutants/run no-such.patch configs/one.ini
	[[ $status == 2 ]]
	run tests/mutants/run my-bug.patch configs/no-such.ini
	[[ $status == 2 ]]
}

# write_table LINE...: the bugs that `all` knows, and their patches
write_table() {
	export MUTANTS_TABLE=$FAKE/table
	printf '%s\n' '# name | breaks | origin | configs | check' "$@" >table
}

@test "all: several per boot; after a crash, or what may be met again, the rest boot anew" {
	write_table '1a-first | x | y | one | rmap.exact' '1b-second | x | y | one two | crash' \
		'1c-third | x | y | two | discard.fresh' '2-fourth | x | y | two | missed: it can not'
	outcomes <<-END
		1a-first one any fail rmap.exact,teardown.clean
		1b-second one any pass
		1b-second two any crash
		1c-third two any stale discard.fresh
		2-fourth two any pass
		good one any pass
		good two any pass
	END
	run tests/mutants/all
	echo "$output"; cat boots
	[[ $status == 0 ]]
	[[ $output == *"ok good: passes one two"*"ok 1a-first: caught by rmap.exact in one, 1.5 s, 1 of 1"*"ok 1b-second: caught by crash in two"* ]]
	[[ $output == *"ok 1c-third: caught by discard.fresh in two"*"ok 2-fourth: missed by two: it can not"* ]]
	[[ $output == *"4 bugs, 3 caught, 1 missed, 0 not as the table says"* ]]
	[[ $(wc -l <boots) == 3 ]]
	jq -e '.hosts[0].mutants | map({(.name): .check}) | add == {"good": "", "1a-first": "rmap.exact", "1b-second": "crash", "1c-third": "discard.fresh", "2-fourth": ""}' out/mutants.json
	# A name, or its beginning, chooses.
	run tests/mutants/all 1b
	[[ $status == 0 && $output == *"1 bugs, 1 caught"* ]]
	jq -e '.hosts[0] | (.mutants | length == 5) and .kernel == "6.12" and .vendor == "amd" and .seconds' out/mutants.json
	run tests/mutants/all 1
	[[ $status == 2 ]]
}

@test "all: a miss, another check than the table says, a false alarm, and now and then are failures" {
	write_table '1-first | x | y | one | rmap.exact'
	printf '%s\n' 'good one any pass' '1-first one any pass' >outcomes
	run tests/mutants/all
	[[ $status == 1 && $output == *"NOT OK 1-first: missed by one"*"1 not as the table says"* ]]
	printf '%s\n' 'good one any pass' '1-first one any fail klog.clean' >outcomes
	run tests/mutants/all
	[[ $status == 1 && $output == *"NOT OK 1-first: caught by klog.clean in one, 1.5 s, 0 of 1: rmap.exact should have caught it"* ]]
	printf '%s\n' 'good one any fail klog.clean' '1-first one any fail rmap.exact' >outcomes
	run tests/mutants/all
	echo "$output"
	[[ $status == 1 && $output == *"NOT OK good: caught by klog.clean"*"ok 1-first"* ]]
	printf '%s\n' 'good one any pass' '1-first.1 one any fail rmap.exact' '1-first.2 one any pass' >outcomes
	RUNS=2 run tests/mutants/all
	[[ $status == 1 && $output == *"NOT OK 1-first: caught by rmap.exact in one, 1.5 s, 1 of 2"* ]]
	printf '%s\n' 'good one any error' '1-first one any fail rmap.exact' >outcomes
	run tests/mutants/all
	[[ $status == 3 && $output == *"ERROR good: a config did not run"* ]]
}

@test "all: what an earlier bug of the boot has lost is not held against the next one" {
	write_table '1-first | x | y | one | rmap.exact'
	local ends
	for ends in 4 137; do
		printf '%s\n' 'good one any pass' "1-first one 2G leaks$ends rmap.exact" >outcomes
		RUNS=3 run tests/mutants/all
		echo "$output"; cat boots
		[[ $status == 0 && $output == *"ok 1-first: caught by rmap.exact in one, 1.5 s, 3 of 3"* ]]
		! grep -v '^2G ' boots || return 1
	done
}

@test "all: on another kernel, a patch that does not apply is skipped" {
	write_table 'unbuildable | x | y | one | rmap.exact' '1-first | x | y | one | rmap.exact'
	printf '%s\n' 'good one any pass' '1-first one any fail rmap.exact' >outcomes
	KERNEL=6.1 run tests/mutants/all
	echo "$output"
	[[ $status == 0 && $output == *"unbuildable: skipped: "*"does not apply"*"ok 1-first"* ]]
	run tests/mutants/all
	[[ $status == 3 && $output == *"unbuildable can't be built"* ]]
}

@test "all: a crash counts only where the table says, in KVM or elsewhere; the lab's 1 without a crash is an error" {
	write_table '1-in-kvm | x | y | one | crash' '2-elsewhere | x | y | one | crash-elsewhere, crash' '3-no-end | x | y | one | no-end'
	printf '%s\n' 'good one any pass' '1-in-kvm one any elsewhere' '2-elsewhere.1 one any elsewhere' '2-elsewhere.2 one any crash' \
		'3-no-end one any hang' >outcomes
	RUNS=2 run tests/mutants/all
	echo "$output"
	[[ $status == 1 && $output == *"NOT OK 1-in-kvm: caught by crash-elsewhere in one, 1.5 s, 0 of 2: crash should have caught it"* ]]
	[[ $output == *"ok 2-elsewhere: caught by crash-elsewhere, crash in one, 1.5 s, 2 of 2 (BUG: NULL pointer in rmap_add)"* ]]
	[[ $output == *"ok 3-no-end: caught by no-end in one, 2 of 2"* ]]
	jq -e '.hosts[0].mutants[] | select(.name == "2-elsewhere") | .crash == "BUG: NULL pointer in rmap_add" and .seconds == 1.5' out/mutants.json
	printf '%s\n' 'good one any pass' '1-in-kvm one any one' >outcomes
	run tests/mutants/all 1
	[[ $status == 3 && $output == *"the lab ended with 1"* ]]
}

@test "all: rows of a vendor and of a kernel, with parameters of the vendor's module" {
	write_table '1-first | x | y | one | rmap.exact' 'on intel | two | missed: it has PML' 'on intel pml=0 | one | dirty.complete' \
		'2-second | x | y | two | crash' 'on 6.1 | one | guest.clean'
	printf '%s\n' 'good any any pass' 'good one any pass' 'good two any pass' '1-first,pml=0 one any fail dirty.complete' \
		'1-first.1 one any fail rmap.exact' '1-first two any pass' '2-second two any crash' '2-second one any fail guest.clean' >outcomes
	VENDOR=intel run tests/mutants/all
	echo "$output"
	[[ $status == 0 && $output == *"ok 1-first: missed by two: it has PML"*"ok 1-first,pml=0: caught by dirty.complete in one"*"2 bugs, 1 caught, 1 missed"* ]]
	[[ $(cat parameters) == "1-first,pml=0.1 pml=0" && $output != *2-second* ]]
	VENDOR=intel run tests/mutants/all 2
	[[ $status == 2 && $output == *"none of 2 for VENDOR=intel"* ]]
	KERNEL=6.1 run tests/mutants/all
	echo "$output"
	[[ $status == 0 && $output == *"ok 1-first: caught by rmap.exact in one"*"ok 2-second: caught by guest.clean in one"* ]]
	run tests/mutants/all
	[[ $status == 0 && $output == *"ok 2-second: caught by crash in two"* ]]
	# Each host keeps its own rows.
	jq -e '.hosts | map({(.kernel + " " + .vendor): [.mutants[] | select(.name != "good") | .expected]}) | add == {
		"6.1 amd": ["rmap.exact", "guest.clean"], "6.12 amd": ["rmap.exact", "crash"],
		"6.12 intel": ["missed: it has PML", "dirty.complete"]}' out/mutants.json
}

@test "all: a run of some changes their rows, of this host, in the page; the rest stays, on Intel and on 6.1 too" {
	printf '%s\n' '1-first | x | y | one | rmap.exact' 'on intel | one | dirty.complete' '2-second | x | y | two | crash' '3-third | x | y | one | rmap.exact' >tests/mutants/table
	rm -f tests/mutants/results.json tests/mutants/missed.md
	printf '%s\n' 'good one any pass' 'good two any pass' '1-first one any fail rmap.exact' '2-second two any crash' '3-third one any pass' >outcomes
	run tests/mutants/all 1 2
	cat docs/mutants.md
	[[ $status == 0 ]]
	grep -qxF '| 1-first | x | y | rmap.exact | one | 1 of 1 | 1.5 |' docs/mutants.md
	grep -qxF '| 2-second | x | y | crash: BUG: NULL pointer in rmap_add | two | 1 of 1 | 2.3 |' docs/mutants.md
	grep -qxF '| 3-third |  |  | not run yet |  |  |  |' docs/mutants.md
	[[ $(grep -cx 'Not run yet.' docs/mutants.md) == 2 && $(grep -c '^| 1-first' docs/mutants.md) == 1 ]]
	printf '%s\n' 'good one any pass' '1-first one any fail dirty.complete' >outcomes
	RUNS=5 VENDOR=intel run tests/mutants/all 1
	[[ $status == 0 ]]
	# Again on AMD, five times, one row: the others, and Intel's, are as they were; what is missed is said to be.
	printf '%s\n' 'good one any pass' '1-first one any fail rmap.exact' '3-third one any pass' >outcomes
	RUNS=5 run tests/mutants/all 3
	cat docs/mutants.md
	[[ $status == 1 ]]
	grep -qxF '| 1-first | x | y | rmap.exact | one | 1 of 1 | 1.5 |' docs/mutants.md
	grep -qxF '| 1-first | dirty.complete | one | 5 of 5 | 1.5 |' docs/mutants.md
	grep -qxF '| 3-third | x | y | **MISSED**, though rmap.exact should catch it | one | 0 of 5 |  |' docs/mutants.md
	printf '%s\n' 'good one any error' '1-first one any error' >outcomes
	run tests/mutants/all 1
	[[ $status == 3 ]]
	grep -qxF '| 1-first | x | y | rmap.exact | one | 1 of 1 | 1.5 |' docs/mutants.md
	# What can't be tried on 6.1.
	printf '%s\n' 'unbuildable | x | y | one | rmap.exact' >>tests/mutants/table
	printf '%s\n' 'good one any pass' '1-first one any fail rmap.exact' >outcomes
	KERNEL=6.1 run tests/mutants/all 1 unbuildable
	cat docs/mutants.md
	grep -qxF 'Not tried, as the patch does not apply: unbuildable.' docs/mutants.md
	grep -qxF '| 1-first | rmap.exact | one | 1 of 1 | 1.5 |' docs/mutants.md
	! grep -q '^| unbuildable | not tried' docs/mutants.md || return 1
	cp tests/mutants/results.json before.json
	KERNEL=newest run tests/mutants/all 3
	MODPARAMS=npt=0 run tests/mutants/all 3
	cmp tests/mutants/results.json before.json
}

@test "the page is made of the results" {
	cd "$top" || return
	diff <(tests/mutants/page tests/mutants/results.json) docs/mutants.md
}

@test "the table names what there is: patches, configs, checks" {
	cd "$top" || return
	local line name configs check config one
	while read -r line; do
		if [[ $line == 'on '* ]]; then
			[[ $line =~ ^on\ (intel|[0-9]+\.[0-9]+)( [a-z_]+=[a-zA-Z0-9]+)*\ \| ]] || { echo "$name: $line"; return 1; }
			IFS='|' read -r _ configs check <<<"$line"
		else
			IFS='|' read -r name _ _ configs check <<<"$line"
			name=${name% }
			[[ -e tests/mutants/$name.patch ]]
		fi
		for config in $configs; do
			[[ -e configs/$config.ini ]] || { echo "$name: no $config"; return 1; }
		done
		[[ $check != ' missed: '* ]] || continue
		for one in ${check//,/}; do
			[[ $one =~ ^(crash|crash-elsewhere|no-end)$ ]] || grep -q "X(\"$one\"" vmm/check/checks.h || { echo "$name: no check $one"; return 1; }
		done
	done < <(grep -vE '^#|^$' tests/mutants/table)
	[[ $(grep -cvE '^(#|on |$)' tests/mutants/table) == "$(find tests/mutants -name '*.patch' | wc -l)" ]]
}
