# SPDX-License-Identifier: GPL-2.0-only
# minivmm smoke on an emulated host with a lazy kernel.

load lab

# The emulated host's clock is this machine's, on which others may run: boot() says how slow it was before.
setup_file() {
	boot smoke.sh
	"$top/tests/limit" --slowness >>"$BATS_FILE_TMPDIR/slowness"
}
setup() { need_boot; }

@test "root: every check passes, in less than 10 seconds of an idle machine" {
	rc root 0
	json root '[.checks[] | select(.result != "pass")] == []'
	check root nested.off pass "#GP"
	check root sources.agree pass
	(($(cat "$out/root.seconds") * 100 < 10 * $(sort -rn "$BATS_FILE_TMPDIR/slowness" | head -n 1)))
}

@test "KTAP: plan line first, one-word names, parsed by prove" {
	[[ $(sed -n 1p "$out/root.txt") == "KTAP version 1" ]]
	[[ $(sed -n 2p "$out/root.txt") == 1..$(jq '.checks | length' "$out/root.json") ]]
	! grep -E '^(not )?ok ' "$out/root.txt" | grep -qvE '^(not )?ok [0-9]+ [a-z0-9._-]+( # SKIP .*)?$' || return 1
	prove -e cat "$out/root.txt"
	[[ ! -s $out/root.err ]]
}

@test "--brief: one line of at most 80 characters, the same every time" {
	rc brief 0
	[[ $(wc -l <"$out/brief.txt") == 1 && $(wc -L <"$out/brief.txt") -le 80 ]]
	cmp "$out/brief.txt" "$out/again.txt"
	grep -qE '^PASS 6\.12[^ ]* amd: lazy bytes=[0-9]+ pass=[0-9]+ skip=0$' "$out/brief.txt"
	json brief '.result == "pass"'
}

@test "an ordinary user: the verdict, skips with remedies, exit 0" {
	rc user 0
	json user '.transition.observed and .host.rmap_policy == "lazy"'
	check user nested.off pass
	check user rmap.exact skip
	json user '[.checks[] | select(.result == "skip" and (.remedy // "") == "")] == []'
	prove -e cat "$out/user.txt"
	grep -qE '^PASS .* lazy pass=[0-9]+ skip=[1-9]' "$out/user-brief.txt"
}

@test "red: a wrong model fails by name" {
	rc red 1
	grep -qE '^FAIL 6\.12[^ ]* amd: rmap.exact' "$out/red.txt"
	[[ $(wc -L <"$out/red.txt") -le 80 ]]
}

@test "other formats: text and JSON, and nothing else on stdout" {
	rc text 0
	grep -q '^PASS' "$out/text.txt"
	jq -e '.schema == "minivmm.report/1"' "$out/json.txt"
}

@test "a VM without nesting: the guest's attempt takes #GP" {
	rc hidden 1
	check hidden guest.clean fail "#GP"
	json hidden '.config.vm.nested == false and .transition.observed == false'
}

@test "no permission for /dev/kvm: exit 4, the group to join" {
	rc no-permission 4
	prove -e cat "$out/no-permission.txt"
	grep -q '^# remedy: .*group' "$out/no-permission.txt"
	rc no-permission-brief 4
	grep -q '^SKIP 6' "$out/no-permission-brief.txt"
	[[ $(wc -L <"$out/no-permission-brief.txt") -le 80 ]]
}
