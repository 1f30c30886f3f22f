# SPDX-License-Identifier: GPL-2.0-only
# Other VMs on the host never make a FAIL, and do not hide one.

load lab

setup_file() {
	${CC:-gcc} -O2 -Wall -Werror -static -o "$BATS_FILE_TMPDIR/other-vms" "$BATS_TEST_DIRNAME/other-vms.c"
	boot busy.sh --program "$BATS_FILE_TMPDIR/other-vms"
}
setup() { need_boot; }

@test "beside VMs that come and go every byte is still exact" {
	for i in 1 2; do
		rc transition$i 0
		check transition$i rmap.exact pass
		check transition$i tracking.exact pass
		check transition$i arrays.exact pass
	done
	rc dirty-log 0
	check dirty-log arrays.exact pass
}

@test "at least one of these runs needed the addresses of its own arrays" {
	jq -se '[.[].phases[].arrays_source] | any(. == "memslots")' "$out"/transition?.json "$out/dirty-log.json"
}

@test "beside them a wrong figure fails, by address" {
	rc wrong-model 1
	check wrong-model rmap.exact fail "by the addresses of this VM's own arrays"
}

@test "beside them a VM that is left behind fails, by the addresses of its arrays" {
	rc leak 1
	check leak teardown.clean fail "at the addresses that they had"
}

@test "beside 40 VMs of another program, and ten a second that come and go, every byte is exact" {
	for i in 1 2; do
		rc crowd$i 0
		check crowd$i rmap.exact pass
		check crowd$i tracking.exact pass
		check crowd$i arrays.exact pass
	done
	json crowd1 '.host.other_vms >= 40'
}

@test "beside these a VM that is left behind fails as well" {
	rc crowd-leak 1
	check crowd-leak teardown.clean fail
}

@test "beside them every check passes once, but those that tests/e2e/faults.bats and host.bats are about, and none fails" {
	for name in deep controls stress; do
		rc crowd-$name 0
		json crowd-$name '[.checks[] | select(.result == "fail")] == []'
	done
	jq -r '.checks[] | select(.result == "pass") | .name' "$out"/crowd?.json "$out"/crowd-{deep,controls,stress}.json "$out/smoke1.json" |
		sort -u >"$BATS_TEST_TMPDIR/passed"
	[[ $(sort "$out/checks.txt" | comm -23 - "$BATS_TEST_TMPDIR/passed") == $'charged.clean\ncharged.exact\nphase.fails' ]]
}

@test "three smokes at once give three verdicts without a FAIL" {
	for i in 1 2 3; do
		rc smoke$i 0
		check smoke$i rmap.exact pass
	done
}

@test "without the kernel's memory they are no FAIL, and each skip says why" {
	rc hidden 0
	json hidden '[.checks[] | select(.name == "rmap.exact" or .name == "tracking.exact" or .name == "teardown.clean")] |
		all(.result == "pass" or (.result == "skip" and (.reason | contains("other VM")) and (.reason | contains("/proc/kcore"))))'
}
