# SPDX-License-Identifier: GPL-2.0-only
# make regress: what is made of the selftests' results. A script stands for the lab: `outcomes` says how each test ends.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export FAKE=$BATS_TEST_TMPDIR REGRESS_OUT=$BATS_TEST_TMPDIR/out LAB_MINIVMM=/bin/true
	unset KERNEL FLAVOUR TESTS
	cd "$FAKE" || return
	mkdir -p tests/lab tests/e2e selftests kernel docs
	cp -r "$top/tests/regress" tests/
	cp "$top/tests/limit" tests/
	cp "$top/tests/e2e/prelude.sh" tests/e2e/
	echo 6.12-test >kernel/release
	for name in one two three; do
		printf '#!/bin/sh\n' >selftests/$name
		chmod +x selftests/$name
	done
	echo "echo $FAKE/kernel" >tests/lab/fetch-kernel
	echo "echo $FAKE/selftests" >tests/lab/build-selftests
	echo "[ ! -e $FAKE/no-eager ] || [ \"\$1\" = --with ] || exit 3; echo $FAKE/kernel" >tests/lab/build-modules
	cat >tests/lab/run <<-'END'
		#!/bin/bash
		while [[ $# -gt 0 ]]; do
			[[ $1 != --add || $2 != */list ]] || list=$2
			shift 2
		done
		echo "$KVM_ARGS $(paste -sd ' ' "$list")" >>"$FAKE/boots"
		round=$(($(grep -c "^$KVM_ARGS" "$FAKE/boots")))
		echo "regress: KVM allocates rmaps in memslot_rmap_alloc"
		while read -r name; do
			read -r code hits words < <(awk -v name="$name" -v mode="$KVM_ARGS" -v round="$round" '
				$1 == name && ($2 == mode || $2 == "any") && ($3 == round || $3 == "any") { $1 = $2 = $3 = ""; print; exit }' "$FAKE/outcomes")
			case $code in
			crash) printf 'lab: FAIL: the kernel crashed in KVM\nlab:   at foo [kvm]\nlab: last lines:\n'; exit 1 ;;
			lab) exit 3 ;;
			esac
			printf 'regress:\t%s\t%s\t%s\t1.5\t%s\n' "$name" "$code" "$hits" "$words"
		done <"$list"
		exit 0
	END
	chmod +x tests/lab/*
}

outcomes() { # TEST KVM_ARGS BOOT STATUS HITS [WORDS], a line each
	cat >outcomes
}

@test "three modes side by side; skips and failures that are the same in all are no regression" {
	outcomes <<-END
		one any any 0 3
		two any any 4 0 1..0 # SKIP - Requirement not met: nrips
		three any any 254 0 Test Assertion Failure
	END
	run tests/regress/run
	echo "$output"
	[[ $status == 0 && $output == *"3 tests, 0 differ, laziness breaks 0"* ]]
	[[ $(cat boots) == $'lazy_rmaps=1 one three two\nlazy_rmaps=0 one three two\ntdp_mmu=0 one three two' ]]
	grep -qE '^one +pass +pass +pass +3 +4.5' <<<"$output"
	grep -qE '^two +skip +skip +skip +0 .*Requirement not met: nrips' <<<"$output"
	grep -qE '^three +fail +fail +fail' <<<"$output"
	jq -e '.function == "memslot_rmap_alloc" and .not_built == [] and (.tests | length) == 3' out/regress.json
	[[ $(<docs/regress.md) == *"Of 3 tests 1 pass with lazy rmaps, 1 skip themselves, and 1 reach an rmap."*"| one | pass | pass | pass | 3 | 4.5 |  |"* ]]
}

@test "what fails with lazy rmaps twice, and passes with eager ones, is broken by laziness" {
	outcomes <<-END
		one lazy_rmaps=1 any 254 0 Test Assertion Failure
		one any any 0 0
		two any any 0 0
		three any any 0 0
	END
	run tests/regress/run
	echo "$output"
	[[ $status == 1 && $output == *"3 tests, 1 differ, laziness breaks 1"* ]]
	[[ $(tail -n 3 boots) == $'lazy_rmaps=1 one\nlazy_rmaps=0 one\ntdp_mmu=0 one' ]]
	jq -e '.tests[] | select(.test == "one") | .verdict == "broken" and .modes.lazy.results == ["fail", "fail"]' out/regress.json
}

@test "what fails now and then, or without the TDP MMU only, differs and is not laziness's" {
	outcomes <<-END
		one lazy_rmaps=1 1 254 0
		one any any 0 0
		two tdp_mmu=0 any 254 0
		two any any 0 0
		three any any 0 0
	END
	run tests/regress/run
	echo "$output"
	[[ $status == 0 && $output == *"3 tests, 2 differ, laziness breaks 0"* ]]
	grep -qE '^one +fail, pass ' <<<"$output"
}

@test "a crash is a result, and the tests after it boot anew; no end is another" {
	outcomes <<-END
		one lazy_rmaps=1 any crash
		one any any 0 0
		three any any 137 0
		two any any 0 0
	END
	run tests/regress/run
	echo "$output"
	[[ $status == 1 && $(sed -n 1,2p boots) == $'lazy_rmaps=1 one three two\nlazy_rmaps=1 three two' ]]
	grep -qE '^one +crash +pass +pass .*crashed in KVM' <<<"$output"
	grep -qE '^three +no-end +no-end +no-end' <<<"$output"
}

@test "so many tests a boot; a kernel without eager modules is compared with tdp_mmu=0 only" {
	: >no-eager
	outcomes <<-END
		one any any 0 0
		two any any 0 0
		three any any 0 0
	END
	REGRESS_PER_BOOT=2 KERNEL=newest run tests/regress/run one three two
	echo "$output"
	[[ $status == 0 && $output == *"only lazy rmaps and tdp_mmu=0 are compared"* ]]
	[[ $(cat boots) == $'tdp_mmu=1 one three\ntdp_mmu=1 two\ntdp_mmu=0 one three\ntdp_mmu=0 two' ]]
	grep -qE '^one +pass +- +pass' <<<"$output"
	[[ ! -e docs/regress.md ]]
	run tests/regress/run four
	[[ $status == 2 && $output == *"no selftest four"* ]]
}

@test "a lab that can't be set up is an error" {
	outcomes <<-END
		one any any lab
	END
	run tests/regress/run
	[[ $status == 3 && $output == *"the lab ended with 3"* ]]
}

@test "the page says what is not known: what never ends, fails everywhere, skips without a word, differs" {
	printf '%s\n' '# a line' 'two | the CPU has none' 'one | it takes a day' >tests/regress/known
	outcomes <<-END
		one any any 137 0
		two any any 4 0
		three lazy_rmaps=1 1 254 0 foo.c:12: x == y
		three any any 0 0
	END
	run tests/regress/run
	cat docs/regress.md
	[[ $status == 0 && $(<docs/regress.md) == *"laziness breaks 0. 1 never end in any mode: nothing is known of them (one)."* ]]
	grep -qxF 'Never end, in any mode, so that nothing is known of them (1):' docs/regress.md
	grep -qxF -- '- one: it takes a day' docs/regress.md
	grep -qxF '| two | skip | skip | skip | 0 | 4.5 | the CPU has none |' docs/regress.md
	grep -qxF 'Differ from mode to mode or from run to run (1):' docs/regress.md
	grep -qxF -- '- three: foo.c:12: x == y' docs/regress.md
	! grep -q 'do not say why\|Fail in every mode' docs/regress.md || return 1
	: >tests/regress/known
	outcomes <<-END
		one any any 4 0
		two any any 254 0 foo.c:12: x | y
		three any any 0 0
	END
	run tests/regress/run
	cat docs/regress.md
	[[ $(<docs/regress.md) != *"never end"* && $(<docs/regress.md) == *"do not say why (1):"*"- one"* ]]
	grep -qxF -- '- two: foo.c:12: x / y' docs/regress.md
}

@test "a run of some changes their rows only, and the page once all tests have run" {
	printf '%s any any 0 0\n' one two three >outcomes
	run tests/regress/run one
	[[ $status == 0 && $output == *"regress: 1 tests, 0 differ"* && ! -e docs/regress.md ]]
	run tests/regress/run two three
	[[ $status == 0 && $output == *"regress: 2 tests, 0 differ"* ]]
	grep -qF '| one | pass | pass | pass |' docs/regress.md
	printf '%s any any 4 0 SKIP: why\n' two >outcomes
	run tests/regress/run two
	cat docs/regress.md
	[[ $(<docs/regress.md) == *"Of 3 tests 2 pass with lazy rmaps, 1 skip"*"| one | pass "*"| three | pass "*"| two | skip "*"SKIP: why"* ]]
	# Of another kernel nothing is kept.
	echo 6.12-next >kernel/release
	run tests/regress/run two
	jq -e '.kernel == "6.12-next" and (.tests | length) == 1' out/regress.json
}

@test "what is known of a test is of one that the page has" {
	cd "$top" || return
	local name
	while IFS='|' read -r name _; do
		grep -q "^| ${name% } |" docs/regress.md || { echo "$name"; return 1; }
	done < <(grep -vE '^#|^$' tests/regress/known)
}
