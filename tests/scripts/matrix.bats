# SPDX-License-Identifier: GPL-2.0-only
# The matrix script with a fake lab, and what the script makes of each of its answers.

load ../cli/vmm

setup() {
	export MINIVMM=$minivmm REPORT=$top/tests/fixtures/report.json
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir -p tests/lab tests/e2e docs
	cp "$top/tests/matrix" tests/
	printf '#!/bin/sh\nexit 0\n' >tests/lab/deps
	# 5.10 passes, 6.1 is off by a page, 6.12 can't be fetched, 7.0 crashes, 8.0 lacks the report of its second run
	cat >tests/lab/run <<-'END'
		#!/bin/bash
		out=${@: -1}
		case $KERNEL in
		6.12) echo "SKIP: not in the archive" >&2; exit 4 ;;
		7.0) echo "lab: the emulated kernel crashed" >&2; exit 125 ;;
		esac
		jq ".host.kernel = \"$KERNEL.1\"" "$REPORT" >"$out/tdp_mmu-on.json"
		[[ $KERNEL != 6.1 ]] || jq '.transition.rmap_bytes.measured += 4096' "$REPORT" >"$out/tdp_mmu-on.json"
		[[ $KERNEL == 8.0 ]] || jq ".host.kernel = \"$KERNEL.1\" | .host.kvm.tdp_mmu = false" "$REPORT" >"$out/tdp_mmu-off.json"
	END
	chmod +x tests/lab/*
}

matrix() {
	status=0
	tests/matrix "$@" >stdout 2>stderr </dev/null || status=$?
	keep_json build/matrix.json build/matrix/*.json build/matrix/*/*.json
	cat stdout stderr
}

@test "matrix: exact everywhere, a kernel that is not to be had is a row" {
	matrix 5.10 6.12
	[[ $status == 0 ]]
	grep -q '^matrix: 2 runs, 0 mismatches, 0 failed, 0 errors, 1 skipped' stdout
	grep -q 'skip: not in the archive' stdout
	jq -e '[.groups[] | .exact] == [true, true, null]' build/matrix.json
	[[ -s build/matrix.html && -s build/matrix.txt ]]
}

@test "matrix: docs/operators.md's picture is of all kernels on AMD" {
	command -v gnuplot >/dev/null || skip "no gnuplot here (Debian: apt-get install gnuplot-nox)"
	matrix 5.10 6.12
	[[ -s build/matrix.svg && ! -e docs/matrix.svg ]]
	MATRIX_VENDORS=intel matrix
	[[ -s build/matrix.svg && ! -e docs/matrix.svg ]]
	matrix
	[[ -s docs/matrix.svg ]]
	cmp docs/matrix.svg build/matrix.svg
}

@test "matrix: a mismatch is an exit status, a crash another" {
	matrix 5.10 6.1
	[[ $status == 1 ]]
	grep -q ', 1 mismatches,' stdout
	matrix 5.10 7.0
	[[ $status == 3 ]]
	grep -q 'error: the lab ended with 125: lab: the emulated kernel crashed' stdout
	matrix 8.0
	[[ $status == 3 ]]
	matrix 6.12
	[[ $status == 1 ]] # nothing was judged: no success
}
