# SPDX-License-Identifier: GPL-2.0-only
# A verdict holds as often as it is asked for: COUNT runs (default: 20) beside 40 VMs of another program, ten a second that
# come and go, and three smokes at once, each of which is judged, too. On hosts of POLICY=lazy (default) or eager.

load lab

setup_file() {
	export COUNT=${COUNT:-20}
	${CC:-gcc} -O2 -Wall -Werror -static -o "$BATS_FILE_TMPDIR/other-vms" "$BATS_TEST_DIRNAME/other-vms.c"
	echo "$COUNT" >"$BATS_FILE_TMPDIR/runs"
	boot crowd.sh --program "$BATS_FILE_TMPDIR/other-vms" --add "$BATS_FILE_TMPDIR/runs"
}
setup() { need_boot; }

@test "each run passes, and every byte is exact" {
	for i in $(seq "$COUNT"); do
		rc "transition-$i" 0
		for name in rmap tracking arrays; do
			check "transition-$i" $name.exact pass
		done
	done
	json transition-1 ".host.other_vms >= 40 and .host.rmap_policy == \"${POLICY:-lazy}\""
}

@test "no smoke fails" {
	local reports=("$out"/smoke-*.json)
	echo "# ${#reports[@]} smokes" >&3
	((${#reports[@]} > COUNT / 2))
	for name in "${reports[@]##*/}"; do
		rc "${name%.json}" 0
		json "${name%.json}" '[.checks[] | select(.result == "fail")] == []'
		check "${name%.json}" rmap.exact pass
	done
}

@test "an array that is no longer there is not left, whatever other VMs do meanwhile" {
	local reports=("$out"/{smoke,transition}-*.json)
	jq -se --argjson count ${#reports[@]} '[.[].checks[] | select(.name == "teardown.clean")] | length == $count and
		(map(select(.result != "pass")) | 10 * length <= $count and
		all(.result == "skip" and (.reason | contains("another VM kept changing"))))' "${reports[@]}"
}

@test "red: a VM that is left behind beside them" {
	local leaks=("$out"/leak-*.json)
	local i last=${#leaks[@]}
	for ((i = 1; i < last; i++)); do
		check leak-$i teardown.clean skip "another VM kept changing"
	done
	rc leak-$last 1
	check leak-$last teardown.clean fail
}
