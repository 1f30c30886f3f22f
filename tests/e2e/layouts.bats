# SPDX-License-Identifier: GPL-2.0-only
# Random layouts on one kernel (KERNEL, FLAVOUR, KVM_ARGS): SEED, COUNT of them. tests/layouts runs more.

load lab

setup_file() {
	export out=$BATS_FILE_TMPDIR/out
	"$top/tests/layouts" "${SEED:-1}" "${COUNT:-20}" "$out" >"$BATS_FILE_TMPDIR/lab.log" 2>&1
	echo $? >"$BATS_FILE_TMPDIR/status"
}

@test "${COUNT:-20} random layouts: predicted = measured, to the byte" {
	status=$(cat "$BATS_FILE_TMPDIR/status")
	[[ $status != 4 ]] || skip "$(grep -m1 SKIP "$BATS_FILE_TMPDIR/lab.log")"
	cat "$BATS_FILE_TMPDIR/lab.log"
	[[ $status == 0 ]]
	grep -q " ${COUNT:-20} run, 0 mismatches" "$BATS_FILE_TMPDIR/lab.log"
}
