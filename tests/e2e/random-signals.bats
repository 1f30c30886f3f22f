# SPDX-License-Identifier: GPL-2.0-only
# Signals at random instants of many commands that run KVM: SEED, COUNT of each command. signals.bats has the fewest of them.

load lab

setup_file() {
	export out=$BATS_FILE_TMPDIR/out
	local status=0
	OUT=$out "$top/tests/signals" "${SEED:-1}" "${COUNT:-20}" >"$BATS_FILE_TMPDIR/lab.log" 2>&1 || status=$?
	echo $status >"$BATS_FILE_TMPDIR/status"
}

@test "each command ends in time, with its status, a whole report or none, and leaves nothing" {
	need_boot
	sed 's/^/# /' "$BATS_FILE_TMPDIR/lab.log" >&3
}
