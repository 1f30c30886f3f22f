# SPDX-License-Identifier: GPL-2.0-only
# Saved reports shown, compared, merged and drawn: another program's parser reads each format back.

load vmm

setup() {
	report=$top/tests/fixtures/report.json
	cd "$BATS_TEST_TMPDIR" || exit
}

# A report with everything that could break out of a format.
hostile() {
	jq '.host.kernel = "6.12 \"quoted\" \\ <script>alert(1)</script>, `id` $x\nnext"
		| .host.hostname = "a,b\"c\u001b[31m" | .phases[1].name = "`touch pwned`\"\\"
		| .phases[2].name = "create" | .result = "\" onload=\"x" | .checks[0].reason = "<b>&amp;</b>\u0007"
		| .checks += [.checks[0]]' "$report" >hostile.json
}

@test "prom: a strict parser takes it, for every kind of report" {
	hostile
	jq 'del(.phases, .checks, .host)' "$report" >bare.json
	for file in "$report" hostile.json bare.json; do
		vmm report show "$file" --format prom
		[[ $status == 0 && ! -s stderr ]]
		awk -f "$top/tests/cli/prom.awk" stdout
	done
	vmm report show "$report" --format prom
	grep -qx 'minivmm_transition_rmap_bytes{config="configs/transition.ini"} 134750208' stdout
	grep -qx 'minivmm_result{config="configs/transition.ini",result="pass"} 1' stdout
	# The reports of two configs in one folder share no series.
	grep -v '^#' stdout | sed 's/ [^ ]*$//' | sort >one
	jq '.config_name = "other.ini"' "$report" >other.json
	vmm report show other.json --format prom
	grep -v '^#' stdout | sed 's/ [^ ]*$//' | sort >two
	[[ -s one && -s two && ! $(comm -12 one two) ]]
}

@test "the strict parser is one" {
	local -a wrong=('a 1' '# HELP a b\n# TYPE a gauge\na{x="\\q"} 1' '# HELP a b\n# TYPE a gauge\na 1\na 1'
		'# TYPE a gauge\na 1' '# HELP a b\n# TYPE a gauge\na x' '# HELP a b\n# TYPE a gauge\na{x="1",x="2"} 1'
		'# HELP a b\n# TYPE a counter\na 1' '# HELP a b\n# TYPE a gauge\na{x=1} 1')
	for text in "${wrong[@]}"; do
		printf '%b\n' "$text" >wrong.prom
		! awk -f "$top/tests/cli/prom.awk" wrong.prom >/dev/null || { echo "taken: $text"; return 1; }
	done
}

@test "csv: RFC 4180, a record per phase, and the values come back" {
	hostile
	for file in "$report" hostile.json; do
		vmm report show "$file" --format csv
		[[ $status == 0 && ! -s stderr ]]
		awk -f "$top/tests/cli/csv.awk" stdout >fields
		[[ $(cut -f 1 fields | sort -un | tail -n 1) == "$(jq '.phases | length' "$file")" ]]
	done
	grep -qxF $'1\thostname\ta,b"c [31m' fields
	grep -qxF $'1\tkernel\t6.12 "quoted" \\ <script>alert(1)</script>, `id` $x\\nnext' fields
	grep -qxF $'4\trmap_bytes\t134750208' fields
	# A skipped run has no phase, but it has a result.
	jq '.phases = [] | .result = "skip"' "$report" >skip.json
	vmm report show skip.json --format csv
	awk -f "$top/tests/cli/csv.awk" stdout | grep -qxF $'1\tresult\tskip'
}

# What a parser of JUnit reads in each FILE, into FILE.cases, a line each: the suite's sums, then "NAME RESULT MESSAGE".
junit() { # FILE...
	/usr/bin/python3 -c '
import sys
from junitparser import JUnitXml
for file in sys.argv[1:]:
    cases = open(file + ".cases", "w")
    for suite in JUnitXml.fromfile(file):
        print("suite", suite.name, suite.hostname, suite.timestamp, suite.tests, suite.failures, suite.errors, suite.skipped, file=cases)
        for case in suite:
            what = case.result[0] if case.result else None
            print(case.name, type(what).__name__ if what is not None else "Passed", what.message if what is not None else "", file=cases)
' "$@"
}

@test "junit: a parser of JUnit has every check, its result and its reason; -o FILE gets it as well" {
	/usr/bin/python3 -c 'import junitparser' 2>/dev/null || skip "no junitparser (Debian: python3-junitparser)"
	hostile
	jq '.result = "error" | .error = {text: "it broke", remedy: null} | .checks[1].result = "skip" | .checks[1].reason = "why not"' "$report" >broke.json
	cp "$report" plain.json
	for file in plain hostile broke; do
		vmm report show $file.json --format junit -o $file.xml
		[[ $status == 0 && ! -s stderr ]]
		cmp stdout $file.xml
	done
	xmllint --noout {plain,hostile,broke}.xml
	junit {plain,hostile,broke}.xml
	for file in plain hostile broke; do
		jq -r '(.checks[] | "\(.name) \({pass: "Passed", fail: "Failure", skip: "Skipped"}[.result])"),
			if .error then "run Error" else empty end' $file.json >expected
		diff expected <(grep -v ^suite $file.xml.cases | cut -d' ' -f1,2)
	done
	grep -qx 'run Error it broke' broke.xml.cases
	grep -qx 'host.nested Skipped why not' broke.xml.cases
	grep -q '^suite configs/transition.ini lab 2026-11-26T[0-9:]* 18 0 1 1$' broke.xml.cases
}

@test "prom: -o FILE gets it, whole or not at all" {
	vmm report show "$report" --format prom -o minivmm.prom
	[[ $status == 0 ]]
	cmp stdout minivmm.prom
	awk -f "$top/tests/cli/prom.awk" minivmm.prom
	! command -v promtool >/dev/null || promtool check metrics <minivmm.prom
	vmm report show "$report" --format prom -o nowhere/minivmm.prom
	[[ $status == 3 ]]
	# Text and CSV are for standard output: the file has the JSON.
	vmm report show "$report" --format csv -o report.json
	same report.json "$report"
	vmm smoke vm.device=/nonexistent --format prom -o smoke.prom
	[[ $status == 4 ]]
	grep -q '^minivmm_result{.*result="skip"} 1$' smoke.prom
}

@test "ktap: prove takes it" {
	vmm report show "$report" --format ktap
	prove -e cat stdout
}

@test "diff: 0 for the same, 1 for a verdict or more bytes; text and JSON agree" {
	vmm report diff "$report" "$report"
	[[ $status == 0 ]]
	[[ $(tr -s ' \n' ' ' <stdout) == "SAME: "*" a: "*"report.json: lab, VM 64 GiB in 2 slots, kernel "* ]]
	jq '.duration_ns = 1 | .host.kernel = "6.13"' "$report" >other.json
	vmm report diff "$report" other.json
	[[ $status == 0 ]]
	jq '.phases[3].rmap_bytes += 4096' "$report" >more.json
	vmm report diff "$report" more.json
	[[ $status == 1 && ! -s stderr ]]
	grep -q '+4 KiB' stdout
	vmm report diff more.json "$report"
	[[ $status == 0 ]]
	jq '(.checks[] | select(.name == "rmap.exact")).result = "fail" | .result = "fail"' "$report" >fail.json
	vmm report diff "$report" fail.json --format json -o diff.json
	[[ $status == 1 ]]
	jq -e '.schema == "minivmm.diff/1" and .verdict_changed and (.more_bytes | not)
		and ([.changes[] | select(.kind == "verdict").name] | index("rmap.exact"))' stdout
	same stdout diff.json
}

@test "a plan: shown as plan shows it, compared with plans only, and no run among runs" {
	vmm plan "$top/configs/transition.ini" --kernel 6.12 -o plan.json
	for format in ktap csv prom; do
		vmm report show plan.json --format $format
		[[ $status == 2 && ! -s stdout ]]
		grep -q -- "--format $format: not one of text, json" stderr
	done
	vmm report show plan.json --format json
	[[ $status == 0 ]]
	for files in "$report plan.json" "plan.json $report"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm report diff $files -o diff.json
		[[ $status == 3 && ! -s stdout && ! -e diff.json ]]
		grep -q 'plan.json: a plan, and the other file is of a run' stderr
		# shellcheck disable=SC2086
		vmm report merge $files --format json
		[[ $status == 3 ]]
		jq -e '.reports == 1 and (.unreadable | map(.file)) == ["plan.json"]' stdout
		# shellcheck disable=SC2086
		vmm report html $files
		[[ $status == 3 && $(grep -c '^<title>minivmm: 1 report</title>$' stdout) == 1 ]]
		# shellcheck disable=SC2086
		vmm report plot $files -o plan.svg
		[[ $status == 3 && -s plan.svg ]]
		grep -q 'plan.json: a plan, which has no results of a run' stderr
	done
	vmm report diff plan.json plan.json
	[[ $status == 0 ]]
	vmm plan "$top/configs/transition.ini" --kernel 6.12 memslot.high.size=62G -o larger.json
	vmm report diff plan.json larger.json
	[[ $status == 1 ]]
}

@test "merge: groups and outliers; one broken file does not cost the rest" {
	for i in 1 2 3 4 5; do
		sed "s/\"hostname\": \"lab\"/\"hostname\": \"node$i\"/" "$report" >"node$i.json"
	done
	jq '.host.hostname = "odd" | .phases[0].lpage_info_bytes += 4096' "$report" >odd.json
	jq '.host.kernel = "6.1.0-56-amd64" | .host.hostname = "old"' "$report" >old.json
	vmm report merge node?.json odd.json old.json --format json
	[[ $status == 0 ]]
	jq -e '.schema == "minivmm.merge/1" and .reports == 7 and (.groups | map(.reports)) == [1, 6]
		and (.outliers | map(.hostname)) == ["odd"] and .groups[0].exact and (.groups[1].exact | not)' stdout
	vmm report merge node?.json odd.json old.json
	grep -q '^7 reports, 2 groups, 1 outlier$' stdout
	grep -q MISMATCH stdout
	grep -q 'on node\[1-5\], odd$' stdout
	[[ $(tr -s ' \n' ' ' <stdout) == *" odd (odd.json), VM 64 GiB in 2 slots: creation 147456 bytes, usual 143360 bytes "* ]]
	vmm report merge node?.json odd.json old.json -v
	[[ $(grep -c '^       node[1-5]  node[1-5].json$' stdout) == 5 ]]
	vmm report merge node?.json odd.json old.json --format csv
	awk -f "$top/tests/cli/csv.awk" stdout | grep -qxF $'2\treports\t6'
	echo '{' >broken.json
	vmm report merge node1.json broken.json nowhere.json
	[[ $status == 3 ]]
	grep -q '^1 report, 1 group, 0 outliers, 2 unreadable$' stdout
	grep -q broken.json stderr
}

# bats test_tags=slow
@test "merge: 500 reports in a moment" {
	mkdir many
	tee many/{1..500}.json <"$report" >/dev/null
	# Seconds of CPU time, which a busy machine does not change.
	TIMEFORMAT=%0U
	{ time vmm report merge many/*.json; } 2>seconds
	cat seconds
	[[ $status == 0 && $(cat seconds) -lt 20 ]]
	grep -q '^500 reports, 1 group, 0 outliers$' stdout
}

@test "show: what every command saves; a foreign or broken file is named, and the others are used" {
	local what
	for what in stat sweep headroom kernels; do
		vmm report show "$top/tests/fixtures/$what.json"
		[[ $status == 0 && ! -s stderr && $(wc -l <stdout) -gt 1 ]]
		vmm report show "$top/tests/fixtures/$what.json" --format json
		same stdout "$top/tests/fixtures/$what.json"
	done
	vmm report merge "$report" "$report" -o merge.json
	vmm report show merge.json
	[[ $(head -n 1 stdout) == "2 reports, 1 group, 0 outliers" ]]
	vmm report diff "$report" "$report" -o diff.json
	vmm report show diff.json
	[[ $(head -n 1 stdout) == SAME:* ]]
	vmm report show diff.json --format ktap
	[[ $status == 2 && $(<stderr) == *"not one of text, json: diff.json is a diff" ]]
	# A night whose host crashed: there is no report.
	cp "$top/tests/fixtures/stress.jsonl" night.jsonl
	for what in show merge html; do
		vmm report $what night.jsonl
		[[ $status == 3 && $(<stderr) == "minivmm: night.jsonl: the run has not come to its end: "* ]]
	done
	echo '{"schema": "minivmm.future/1"}' >future.json
	vmm report show future.json
	[[ $status == 3 && $(<stderr) == *"can't show the schema minivmm.future/1" ]]
	echo '{' >broken.json
	for what in merge html; do
		vmm report $what broken.json "$report" merge.json nowhere.json
		[[ $status == 3 && -s stdout ]]
		[[ $(grep -c '^minivmm: .*broken.json\|merge.json\|nowhere.json' stderr) == 3 ]]
	done
	vmm report html broken.json
	[[ $status == 3 && ! -s stdout ]]
}

# bats test_tags=slow
@test "a thousand hosts: their groups, and one page below 5 MB that leads to each failure" {
	"$top/tests/bench/hosts" 1000 .
	# The sanitizers are slow.
	[[ ! -x $top/minivmm ]] || minivmm=$top/minivmm
	vmm report merge host-*.json
	[[ $(head -n 1 stdout) == "1000 reports, 14 groups, 10 outliers" ]]
	vmm report html host-*.json -o page.html
	[[ $(stat -c %s page.html) -lt 5000000 && $(grep -c '<section' page.html) == 100 ]]
	for run in 91 191 991; do
		grep -q "<a href=\"#run$run\">$run</a></td><td class=\"fail\">" page.html
		grep -q "<section id=\"run$run\">" page.html
	done
	xmllint --noout page.html
}

@test "html: one page, well-formed, nothing fetched, nothing breaks out" {
	hostile
	vmm report html "$report" hostile.json -o page.html
	[[ $status == 0 && ! -s stdout && ! -s stderr ]]
	[[ $(grep -c '<!DOCTYPE html>' page.html) == 1 && $(tail -n 1 page.html) == '</html>' ]]
	! grep -qiE 'https?:|src=|url\(|@import|<link|<script|<iframe|onload="' page.html || return 1
	grep -q 'prefers-color-scheme:dark' page.html
	grep -q '134750208' page.html
	grep -q 'lab, VM 64 GiB in 2 slots</h2> <span class="dim">6.12.118+deb13-cloud-amd64, .*report.json</span>' page.html
	grep -q "<p>Leave at least 160.6 MiB (168370176 bytes) free in this VM's cgroup: " page.html
	! command -v xmllint >/dev/null || xmllint --noout page.html
	jq '.contention = [{op: "dirty-log-on", before: {median_ns: 2000}, after: {median_ns: 9000}, ratio: 4.5}]' "$report" >contention.json
	vmm report html contention.json -o contention.html
	grep -q '4.50x' contention.html
	! command -v xmllint >/dev/null || xmllint --noout contention.html
	vmm report html "$report"
	[[ $status == 0 && $(head -n 1 stdout) == '<!DOCTYPE html>' ]]
}

# Runs the browser headless and offline, with its profile in the test's folder.
render() { # PAGE PICTURE [FLAG...]
	local page=$1 picture=$2
	shift 2
	"$top/tests/limit" 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars \
		--disable-background-networking --disable-component-update --disable-sync --disable-extensions \
		--user-data-dir="$BATS_TEST_TMPDIR/profile" --window-size=1000,1600 "$@" \
		--screenshot="$picture" "file://$PWD/$page" 2>browser.log
}

# bats test_tags=slow
@test "html: a browser draws it, light and dark" {
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
		skip "no chromium here (Debian: apt-get install chromium)"
	vmm report html "$report" -o page.html
	render page.html light.png
	render page.html dark.png --force-dark-mode
	[[ $(head -c 4 light.png | tail -c 3) == PNG && $(stat -c %s light.png) -gt 20000 ]]
	! cmp -s light.png dark.png || return 1
}

@test "plot: an SVG, a PNG; text of the report runs nothing" {
	command -v gnuplot >/dev/null || skip "no gnuplot here (Debian: apt-get install gnuplot-nox)"
	hostile
	vmm report plot "$report" -o one.svg
	[[ $status == 0 && ! -s stdout && ! -s stderr ]]
	grep -q '<svg' one.svg
	grep -q 'tracking' one.svg
	vmm report plot "$report" hostile.json -o two.png
	[[ $status == 0 && $(head -c 4 two.png | tail -c 3) == PNG ]]
	vmm report plot hostile.json -o hostile.svg
	[[ $status == 0 && ! -e pwned ]]
	jq -n '{schema: "minivmm.sweep/1", host: null, points: [
		{size_bytes: 1073741824, slots: 1, transition_ns: 5, measured_bytes: 9, predicted_bytes: 9},
		{size_bytes: 9663676416, slots: 1, transition_ns: null, measured_bytes: 99, predicted_bytes: 99}]}' >sweep.json
	vmm report plot sweep.json -o sweep.svg
	[[ $status == 0 ]]
	grep -q 'GiB of guest memory' sweep.svg
	vmm report show sweep.json
	[[ $status == 0 ]]
	grep -q '^The first L2 under nested paging, by size and slots' stdout
	vmm report diff sweep.json "$report"
	[[ $status == 3 ]]
	grep -q 'remedy: draw it: minivmm report plot' stderr
	jq '.phases[] |= (.rmap_bytes = null)' "$report" >unknown.json
	vmm report plot unknown.json -o unknown.svg
	[[ $status == 3 && ! -e unknown.svg ]]
	grep -q remedy stderr
}

@test "plot: without gnuplot, exit 3 with the remedy, and no file" {
	mkdir empty
	PATH=$PWD/empty vmm report plot "$report" -o one.svg
	[[ $status == 3 && ! -e one.svg && ! -s stdout ]]
	grep -q 'starting gnuplot: No such file' stderr
	grep -q 'remedy: install gnuplot' stderr
}

@test "usage: each verb says what it wants; nothing on stdout" {
	local -a wrong=("diff $report" "diff $report $report $report" "merge" "html" "plot $report"
		"plot $report -o plot.svg --format json" "plot $report -o -" "html $report --format json" "merge $report --format prom"
		"diff $report $report --format ktap" "show $report $report" "show $report --format csvv")
	for arguments in "${wrong[@]}"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm report $arguments
		echo "$arguments: $status"
		[[ $status == 2 && ! -s stdout && -s stderr ]]
	done
	vmm report plot "$report" -o plot.gif
	[[ $status == 2 && ! -s stdout ]]
	grep -q '\.svg or \.png' stderr
	vmm report html "$report" -o /nowhere/page.html
	[[ $status == 3 ]]
}

# crash EXPECTED STATUS, ARGUMENT...
crash() {
	local expected=$1
	shift
	vmm report crash "$@"
	[[ $status == "$expected" ]] || { echo "$*: $status"; cat stdout stderr; return 1; }
}

@test "crash: in KVM 1, with where, who called, phase and ops; elsewhere 4; none 0" {
	local consoles=$top/tests/fixtures/consoles
	crash 1 "$consoles/journal.log"
	[[ $(head -n 4 stdout) == "FAIL: the kernel crashed in KVM, in phase churn
  BUG: unable to handle page fault for address: ffffc9000012f000
  at pte_list_count+0x9/0x30 [kvm]
  called by kvm_mmu_rmaps_stat_show+0x1a1/0x360 [kvm]" ]]
	grep -qx '  ops: dirty-log-toggle, slot-move' stdout
	crash 4 "$consoles/elsewhere.log"
	grep -q '^SKIP: the kernel crashed, but not in KVM' stdout
	grep -v 'kernel: ' "$consoles/journal.log" >no-kernel.log
	crash 4 no-kernel.log
	grep -q '^SKIP: the log has no line of a kernel' stdout
	crash 4 /dev/null
	head -n 6 "$consoles/journal.log" >sound.log
	crash 0 sound.log -o crash.json
	grep -qx 'PASS: the log has no crash of the kernel' stdout
	jq -e '.result == "pass" and .exit_status == 0 and .crash == null and .run.phase == "churn"' crash.json
	vmm report show crash.json
	[[ $status == 0 ]] && grep -qx 'PASS: the log has no crash of the kernel' stdout
}

@test "crash: from standard input, a pipe, a file that may not be one; several logs are one" {
	local consoles=$top/tests/fixtures/consoles
	status=0
	"$minivmm" report crash - <"$consoles/journal.log" >stdout || status=$?
	[[ $status == 1 ]] && grep -q 'in phase churn$' stdout
	mkfifo pipe
	cat "$consoles/journal.log" >pipe &
	crash 1 pipe
	grep -q 'in phase churn$' stdout
	# The lab has the console, and what minivmm said.
	grep -o 'minivmm: .*' "$consoles/journal.log" >talk
	crash 1 "$consoles/in-kvm.log" talk
	grep -q 'in phase churn$' stdout
	grep -q '^  at pte_list_count' stdout
	crash 3 nowhere
	has stderr "opening nowhere: No such file or directory"
	crash 3 .
	has stderr "reading .: Is a directory"
	crash 2 run.jsonl
	has stderr "which LOG?"
	crash 2 a.jsonl b.jsonl "$consoles/journal.log"
	has stderr "not more than one RUN.jsonl"
	crash 3 "$consoles/journal.log" nowhere.jsonl
	crash 3 "$consoles/journal.log" -o nowhere/crash.json
}

@test "crash: what the run had written names phase, ops, command and seed, however it was cut off" {
	local consoles=$top/tests/fixtures/consoles
	cp "$consoles/cut-off.jsonl" whole.jsonl
	(cat whole.jsonl; printf '{"schema":"minivmm.stre') >half.jsonl
	(cat whole.jsonl; head -c 4096 /dev/zero) >zeros.jsonl
	for file in whole half zeros; do
		crash 1 "$consoles/old-slot.log" $file.jsonl --format json
		jq -e '.run == {source: "run-file", ended: false, phase: "churn", ops: ["dirty-log-toggle", "signal-kick"],
			elapsed_ns: 1395149658, command: "minivmm --seed 7 -o run.jsonl churn.ini", seed: 7}' stdout
	done
	crash 1 "$consoles/old-slot.log" half.jsonl
	grep -q '^FAIL: the kernel crashed in KVM, in phase churn$' stdout
	grep -q '^  stock kernels have a bug that crashes like this, but this may be another one: docs/kernel-bugs.md$' stdout
	# Nothing of the run reached the disk.
	: >empty.jsonl
	crash 1 "$consoles/old-slot.log" empty.jsonl
	has stdout "its phase is not in the log"
	# It had ended before.
	jq -c . "$report" >ended.jsonl
	crash 4 "$consoles/elsewhere.log" ended.jsonl
	has stdout "the run in ended.jsonl had ended before"
	# A run that did not, and a log that ends before the crash: that can't be told.
	head -n 6 "$consoles/journal.log" >sound.log
	crash 4 sound.log whole.jsonl
	has stdout "SKIP: the run did not come to its end, and the log has no crash of the kernel"
	crash 0 sound.log ended.jsonl
}

@test "crash: the parts of pstore are read from the first to the last; hostile text acts on no terminal" {
	local consoles=$top/tests/fixtures/consoles
	(echo "Oops#1 Part2"; sed 's/^/<1>/; 8q' "$consoles/in-kvm.log") >dmesg-efi-2
	(echo "Oops#1 Part1"; sed 's/^/<1>/; 1,8d' "$consoles/in-kvm.log") >dmesg-efi-1
	(echo "Panic#2 Part1"; echo "<0>[    4.0] Kernel panic - not syncing: Fatal exception") >dmesg-efi-0
	crash 1 dmesg-efi-* --format json
	jq -e '.logs == ["dmesg-efi-2", "dmesg-efi-1", "dmesg-efi-0"] and (.crash.first | startswith("BUG: unable")) and
		.crash.at == "pte_list_count+0x9/0x30 [kvm]" and .crash.called_by_count == 1' stdout
	printf 'BUG: \e[31m\x9b\xff\e]0;x\a in kvm\nRIP: 0010:kvm_\e[2J+0x1/0x2 [kvm]\nminivmm: 1.0 s: \e[31m: \e, \xe2\x80\xae (1 of 2)\n' >hostile.log
	crash 1 hostile.log
	! grep -qP '[\x00-\x08\x0b-\x1f\x7f\x{9b}]|\x{202e}' stdout || return 1
	head -c 300000 /dev/urandom >random.log
	vmm report crash random.log
	[[ $status != 3 && ! -s stderr ]]
}
