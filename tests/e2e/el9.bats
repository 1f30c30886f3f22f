# SPDX-License-Identifier: GPL-2.0-only
# A kernel whose KVM is much newer than its version, as RHEL 9's 5.14: a 6.12 that says it is one.

load lab

setup_file() {
	local status=0
	KERNEL=$("$top/tests/lab/rename-kernel" 5.14.0-503.11.1.el9_5.x86_64 6.12 2>"$BATS_FILE_TMPDIR/lab.log") || status=$?
	LAB_MODULES=$("$top/tests/lab/fetch-kernel" 6.12 2>>"$BATS_FILE_TMPDIR/lab.log") || status=$?
	echo $status >"$BATS_FILE_TMPDIR/status"
	[[ $status == 0 ]] || return 0 # need_boot says it
	export KERNEL LAB_MODULES
	boot el9.sh
}
setup() { need_boot; }

@test "every byte of the transition is exact, and no check fails or skips" {
	[[ $(cat "$out/release") == 5.14.0-503.11.1.el9_5.x86_64 ]]
	rc transition 0
	json transition '[.checks[] | select(.result != "pass")] == []'
	json transition '.host.kernel == "5.14.0-503.11.1.el9_5.x86_64" and .host.rmap_policy == "lazy"'
	json transition '.transition | .observed and .rmap_bytes.measured == 134750208 and .tracking_bytes.measured == 33619968'
	rc smoke 0
}

@test "red: a wrong figure fails there, too" {
	rc wrong-model 1
	check wrong-model rmap.exact fail "(-8192)"
}

@test "plan says the same of the running kernel and of its name: 160.6 MiB at the first nested guest" {
	for name in plan named; do
		rc $name 0
		jq -e '.plan | length == 1 and .[0].transition_bytes == 168370176 and .[0].creation_bytes == 143360' "$out/$name.txt"
	done
}

@test "stat calls a VM lazy, and says what its first nested guest takes" {
	rc stat 0
	jq -e '.vms | length == 1 and .[0].state == "lazy" and .[0].first_l2_bytes > 168000000' "$out/stat.txt"
}
