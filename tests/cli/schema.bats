# SPDX-License-Identifier: GPL-2.0-only
# The schemas in docs/schema: they take what minivmm writes, and nothing else.

load vmm

# A valid sample of each schema, and the unit tests' reports.
setup_file() {
	mkdir "$BATS_FILE_TMPDIR"/{samples,unit}
	cd "$BATS_FILE_TMPDIR/samples" || exit
	cp "$top/tests/fixtures"/{report,stat,sweep,headroom,kernels}.json "$top/tests/fixtures/stress.jsonl" .
	"$minivmm" plan "$top/configs/transition.ini" --kernel all -o plan.json >/dev/null
	for i in 1 2 3 4 5; do
		sed "s/\"hostname\": \"lab\"/\"hostname\": \"node$i\"/" report.json >"../node$i.json"
	done
	jq '.host.hostname = "odd" | .phases[0].lpage_info_bytes += 4096' report.json >../odd.json
	echo '{' >../broken.json
	"$minivmm" report merge ../node?.json ../odd.json ../broken.json --format json >merge.json 2>/dev/null || true
	/usr/bin/python3 -c 'import fastjsonschema' 2>/dev/null || touch "$BATS_FILE_TMPDIR/no-module"
	"$minivmm" report diff report.json ../odd.json -o diff.json >/dev/null || true
	cp "$top/tests/fixtures/consoles/cut-off.jsonl" phase.jsonl
	"$minivmm" report crash "$top/tests/fixtures/consoles/old-slot.log" phase.jsonl -o crash.json >/dev/null || true
	unit_tests=${minivmm%/*}/unit
	[[ -d $unit_tests ]] || unit_tests=$top/build/sanitized/unit
	CMOCKA_MESSAGE_OUTPUT=TAP REPORTS=$BATS_FILE_TMPDIR/unit "$unit_tests/test_report" >/dev/null
}

setup() {
	fixtures=$top/tests/fixtures samples=$BATS_FILE_TMPDIR/samples unit=$BATS_FILE_TMPDIR/unit
	[[ ! -e $BATS_FILE_TMPDIR/no-module ]] ||
		skip "no fastjsonschema here (Debian: apt-get install python3-fastjsonschema)"
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "every schema that minivmm names has a file, and every file is of one" {
	grep -rhoE 'minivmm\.[a-z]+/[0-9]+"' "$top/vmm" | tr -d '"' | sort -u >named
	(cd "$top/docs/schema" && printf '%s\n' *.schema.json) | sed -E 's/^([a-z]+)-([0-9]+)\..*/minivmm.\1\/\2/' | sort >there
	[[ $(wc -l <named) -ge 6 ]]
	diff named there
}

@test "a sample of each schema, and every report of the unit tests, is valid" {
	"$top/tests/validate" "$samples"/* "$unit"/*
	[[ $(cat "$samples"/* | grep -ohE 'minivmm\.[a-z]+/[0-9]+' | sort -u | wc -l) == $(printf '%s\n' "$top"/docs/schema/*.json | wc -l) ]]
	[[ $(printf '%s\n' "$unit"/* | wc -l) -gt 5 ]]
}

# Free are the names of a config's sections and keys (see below), of kernel functions, of the steps that were done,
# and the values that diff shows.
@test "red: a member less, a member more, a member of another type, wherever it is" {
	"$top/tests/validate" --break "$samples"/* "$unit"/* >unnoticed 2>log || true
	cat log
	[[ $(awk '{ sum += $2 } END { print sum }' log) -gt 1200 ]]
	! grep -vE '^(deleted|added) config\.|^deleted .*\.(vmallocinfo|steps)\.|^retyped changes\[\]\.[ab]$' unnoticed || return 1
}

# The tests of tests/validate itself, and of what calls it, each start Python several times.
# bats test_tags=slow
@test "red: no JSON, no object, no schema, one that is not known, a schema of another value" {
	local -a wrong=('{' '' '[]' '{}' '{"schema": 1}' '{"schema": "minivmm.report/2"}' '{"schema": "minivmm./etc/passwd"}' '{"schema": "other/1"}')
	for text in "${wrong[@]}"; do
		echo "$text" >"wrong$((++count)).json"
	done
	sed 's|minivmm.report/1|minivmm.stat/1|' "$fixtures/report.json" >other.json
	# The second of two values is looked at, too.
	(cat "$fixtures/stat.json" && echo '{"schema": "minivmm.stat/1"}') >two.txt
	! "$top/tests/validate" wrong*.json other.json two.txt 2>said || return 1
	cat said
	for file in wrong*.json other.json two.txt; do
		grep -q "^$file: " said
	done
	# Other output than JSON is passed over.
	echo 'PASS: 17 passed' >text.txt
	"$top/tests/validate" text.txt
}

# bats test_tags=slow
@test "red: what vmm() and the lab leave is validated at the end of their files" {
	sed '$d' "$fixtures/stress.jsonl" | sed 's/"phase"/"phases"/' >broken.jsonl
	export BATS_FILE_TMPDIR=$PWD
	keep_json "$fixtures/stat.json"
	teardown_file
	printf '#!/bin/sh\ncat broken.jsonl\n' >fake
	chmod +x fake
	minivmm=./fake vmm plan
	! teardown_file || return 1
	rm json/*
	printf '#!/bin/sh\ncp broken.jsonl out.json\n' >fake
	minivmm=./fake vmm plan -o out.json
	! teardown_file || return 1
	. "$top/tests/e2e/lab.bash"
	mkdir out
	echo 0 >status
	cp "$fixtures/stat.json" out/json.txt
	teardown_file
	cp broken.jsonl out/lines.jsonl
	! teardown_file || return 1
	echo 125 >status
	teardown_file
}

@test "a config in a report has every key that minivmm knows, and no other" {
	cat >all.ini <<-'END'
		[memslot.low]
		base = 0
		size = 64M
		[worker.kick]
		op = signal-kick
		[phase.boot]
		do = boot
		[phase.churn]
		do = stress
	END
	vmm plan all.ini --format json
	jq -r '.config | to_entries[] | (.key | sub("\\..*"; ".NAME")) as $section | .value | keys[] | "\($section).\(.)"' stdout |
		sort -u >have
	"$minivmm" list keys | grep -vx minivmm.include | sort >want
	diff want have
}

@test "docs/report.md says what the schemas say" {
	"$top/docs/schema/tables" --check "$top/docs/report.md"
	sed 's/"description": "how long the whole run took"/"description": "another"/' "$top/docs/schema/report-1.schema.json" >changed
	mkdir schema
	cp "$top"/docs/schema/* schema
	cp changed schema/report-1.schema.json
	! schema/tables --check "$top/docs/report.md" || return 1
}
