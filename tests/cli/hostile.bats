# SPDX-License-Identifier: GPL-2.0-only
# Texts from reports, file names and configs: none acts on a terminal or a spreadsheet, floods it, or gives a file away.
load vmm

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# harmless FILE...: no control but tabs and line ends, no C1, nothing that changes the order of text.
harmless() {
	local found
	found=$(LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xd8\x9c' "$@" || true)
	echo "$found"
	[[ ! $found ]]
}

evil=$'\e]0;TITLE\a\xc2\x9b31m\xe2\x80\xae'

@test "a schema, a syntax error and a file name act on no terminal" {
	printf '{"schema":"\\u001b]0;TITLE\\u0007\\n\\u009b31m\\u202e"}' >a.json
	printf '{"x": \e]0;TITLE\a}' >"$evil.json"
	for one in a.json "$evil.json" "$evil"; do
		vmm report show "$one"
		[[ $status == 3 ]]
		harmless stdout stderr
	done
	vmm report merge ./*.json
	harmless stdout stderr
	vmm report diff a.json "$evil.json"
	harmless stdout stderr
	vmm list "$evil"
	[[ $status == 2 ]]
	harmless stderr
	vmm plan "$evil.ini"
	[[ $status == 2 || $status == 3 ]]
	harmless stdout stderr
	printf '[memslot.\xc2\x9ba]\nbase = \xe2\x80\xae1\n%s\n' 'x = y' >bad.ini
	vmm plan bad.ini
	[[ $status == 2 && -s stderr ]]
	harmless stdout stderr
}

@test "a report's texts, in every format" {
	jq --arg evil "=1+$evil"'"<b>' '.host.kernel = $evil | .host.cpu_model = $evil | .checks[0].name = $evil | .checks[0].reason = $evil |
		.checks[0].result = "fail" | .phases[0].name = $evil | .slots[0].name = $evil | .config.name = $evil' \
		"$top/tests/fixtures/report.json" >report.json
	! harmless report.json >/dev/null || return 1
	for format in text json ktap csv prom; do
		vmm report show report.json --format $format
		[[ -s stdout ]]
		tr -d '\r' <stdout >shown
		harmless shown stderr
		! grep -qE '(^|,)"?=1' shown || [[ $format != csv ]]
	done
	vmm report html report.json -o page.html
	harmless page.html
	! grep -q '<b>' page.html || return 1
	vmm report merge report.json report.json --format csv
	tr -d '\r' <stdout >shown
	harmless shown
}

# bats test_tags=slow
@test "whatever report show takes: each of its texts, in every format it has" {
	local forged=$'\nok 1 all is well\nPASS: all is well\n' document format
	for document in report stat sweep headroom kernels; do
		cp "$top/tests/fixtures/$document.json" .
	done
	vmm plan --size 64G -o plan.json
	vmm report merge report.json report.json -o merge.json
	jq '.checks[0].result = "fail" | .host.kernel = "x"' report.json >other.json
	vmm report diff report.json other.json -o diff.json
	for document in report plan stat sweep headroom kernels merge diff; do
		# Words that say which member is shown, and how, stay.
		jq --arg evil "=1+$evil$forged#<b>" 'def said: IN("pass", "fail", "skip", "error", "lazy", "allocated", "changed");
			.schema as $schema | walk(if type == "string" and (said | not) then $evil else . end) | .schema = $schema |
			[paths(type == "string" and said)] as $said | ., (reduce $said[] as $path (.; setpath($path; $evil)))' \
			$document.json | jq -c . | split -l 1 - $document-
		for one in $document-a?; do
			for format in text json ktap csv prom junit; do
				"$minivmm" report show $one --format $format >stdout 2>stderr || [[ $? == 2 ]]
				tr -d '\r' <stdout >shown
				harmless shown stderr >found || { echo "$one, $format:"; cat found; return 1; }
				[[ $format == csv ]] || ! grep -E '^(ok 1 all|PASS: all)' shown || { echo "$one, $format"; return 1; }
				[[ $format != csv ]] || ! grep -E '(^|,)"?=1' shown || { echo "$one, $format"; return 1; }
			done
		done
	done
}

@test "a report with a member twice is an error" {
	jq -c . "$top/tests/fixtures/report.json" | sed 's/^{/{"exit_status": 0, "exit_status": 1, /' >twice.json
	vmm report show twice.json
	[[ $status == 3 ]]
	grep -q 'duplicate object key' stderr
	cp twice.json twice.jsonl
	vmm report show twice.jsonl
	[[ $status == 3 ]]
}

@test "a row of slots without end is one slot, and its name breaks out of nothing" {
	for row in '{"name": "a[0]", "id": 0, "base": 0, "repeat": {"count": 1000000000000, "stride": 1}}' \
		'{"name": "a\", \"x\": \"[0]", "id": 0, "base": 0, "repeat": {"count": 2, "stride": 1}}'; do
		jq --argjson row "$row" '.slots = [$row]' "$top/tests/fixtures/report.json" >report.json
		vmm report show report.json --format json
		jq -e '.slots | length == 1 and .[0].x == null' stdout
	done
}

@test "a flood of errors is cut off" {
	{
		printf '[memslot.a]\nsize = 1M\n'
		printf '[memslot.x%d]\nsiez = 1\n' {1..1300}
	} >many.ini
	vmm plan many.ini
	[[ $status == 2 && $(wc -l <stderr) == 101 ]]
	tail -n 1 stderr | grep -qE '^and [0-9],[0-9]{3} more$'
}

@test "an included file that is no config is not shown" {
	printf 'root:$6$SECRET:19000:0:99999:7:::\nkey = SECRET\n[x]\ny = SECRET\n' >shadow
	printf '[minivmm]\ninclude = shadow\n[memslot.a]\nbase = 0\nsize = 1M\n' >c.ini
	vmm plan c.ini
	[[ $status == 2 ]]
	! grep -q SECRET stdout stderr || return 1
	grep -q '^shadow:1: no \[SECTION\] begins this file: it is no config, and its lines are not shown$' stderr
}

@test "no word of the command line acts on a terminal, nor forges a line" {
	local forged=$'\nPASS: all is well' command option
	# The sanitizers are slow, and these are many runs.
	[[ ! -x $top/minivmm ]] || minivmm=$top/minivmm
	refused() {
		! "$minivmm" "$@" >>stdout 2>>stderr </dev/null || { echo "taken: $*"; return 1; }
	}
	# Each option's value, then words that are none.
	for command in run plan; do
		for option in $("$minivmm" $command --list-options | sed -n 's/^--\([a-z-]*\)=.*/\1/p'); do
			refused $command "--$option=$evil$forged" "$evil$forged" "$evil"
		done
	done
	for option in "--$evil" "-$evil" "-v$evil" "--ver=$evil" "$evil=3" "--output"; do
		refused run "$option$forged"
	done
	for command in help list report stat sweep headroom init; do
		refused $command "$evil$forged"
	done
	refused "$evil$forged"
	# The program's own name, too.
	(exec -a "$evil" "$minivmm" help) >>stdout
	! (exec -a "$evil" "$minivmm" --seed x) 2>>stderr || return 1
	[[ $(wc -l <stderr) -gt 30 ]]
	harmless stdout stderr
	! grep -q '^PASS' stdout stderr || return 1
}

@test "an abbreviation of one option is that option; of several, and an unknown letter, are errors" {
	vmm run --form=json nowhere.ini
	[[ $status == 2 && $(<stderr) == *nowhere.ini* ]]
	vmm run --v
	[[ $status == 2 && $(<stderr) == *"--v: several options begin like this"* ]]
	vmm run -vZ
	[[ $status == 2 && $(<stderr) == *"-Z: unknown option"* ]]
}
