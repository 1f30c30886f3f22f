# SPDX-License-Identifier: GPL-2.0-only
# What a user meets first: help, suggestions, the width and the colours of text.

load vmm

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "minivmm alone: what it is and its commands, smoke first; exit 2" {
	vmm
	[[ $status == 2 && ! -s stdout ]]
	[[ $(grep -m1 -A1 '^Commands' stderr | tail -n 1) == "  minivmm smoke "* ]]
	cp stderr alone
	for command in help -h --help; do
		vmm $command
		[[ $status == 0 && ! -s stderr && $(<stdout) == "$(<alone)" ]]
	done
	[[ $(wc -L <alone) -le 80 && $(wc -l <alone) -le 35 ]]
	vmm version
	[[ $status == 0 && $(<stdout) == "$("$minivmm" --version)" ]]
}

@test "help COMMAND, COMMAND -h: its own options, an example, its exit statuses" {
	local command other help
	for command in run smoke plan init stat headroom sweep kernels list report "report show" "report diff" "report merge" \
		"report plot" "report html" "report crash"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm help $command
		[[ $status == 0 && ! -s stderr ]] || { echo "$command"; return 1; }
		help=$(<stdout)
		[[ $help == "Usage: minivmm $command "* ]] || { echo "$command"; return 1; }
		[[ $help == *$'\n''Example: minivmm '*$'\n''Exit status: 0 '* ]] || { echo "$command"; return 1; }
		for other in -h --help; do
			# shellcheck disable=SC2086
			vmm $command $other
			[[ $(<stdout) == "$help" ]]
		done
	done
	vmm report plot -h
	! grep -q -- --format stdout || return 1
	vmm report diff -h
	[[ $(tr -s ' \n' ' ' <stdout) == *"On stdout: text (default, for people), json (for programs) -o,"* ]]
	# An option that does something in one verb alone.
	! grep -q -- --verbose stdout || return 1
	vmm report merge -h
	[[ $(tr -s ' \n' ' ' <stdout) == *"-v, --verbose In the text, a line for each host of each group"* ]]
}

@test "each example in a help is taken by the command line" {
	local command example
	cp "$top/tests/fixtures/report.json" report.json
	cp report.json before.json
	cp report.json after.json
	ln -s "$top/configs" configs
	for command in plan init "report show" "report diff" "report merge" "report html"; do
		# shellcheck disable=SC2086
		example=$("$minivmm" help $command | sed -n 's/^Example: minivmm //p')
		example=${example%%>*}
		# shellcheck disable=SC2086
		vmm $example
		[[ $status == 0 ]] || { echo "$example"; cat stderr; return 1; }
	done
}

# WRONG...: MEANT
@test "mistyped commands, verbs and options get a suggestion; exit 2" {
	local line
	while IFS=: read -r line meant; do
		# shellcheck disable=SC2086
		vmm $line
		echo "$line: $(<stderr)"
		[[ $status == 2 && ! -s stdout ]]
		has stderr "$meant?"
	done <<-END
		smok: did you mean smoke
		reprot show x: did you mean report
		help plna: did you mean plan
		report shwo x: did you mean show
		list key: did you mean keys
		smoke --breif: did you mean --brief
		plan -o --kernel --kernle 6.12: did you mean --kernel
		x.ini --formta=json: did you mean --format
		report merge --ouput x: did you mean --output
	END
	vmm frobnicate
	[[ $status == 2 && $(<stderr) == "minivmm: frobnicate: neither a command nor a file; minivmm help lists the commands" ]]
	vmm smoke --xyzzy
	[[ $status == 2 && $(<stderr) == "minivmm smoke: --xyzzy: unknown option; minivmm smoke --help lists its options" ]]
	# A file of that name is a config, whatever it is called.
	echo '[x]' >smok
	vmm smok
	[[ $status == 2 ]]
	grep -q '^smok:1: ' stderr
	# The value of an option and what follows -- are no options.
	vmm plan --output --kernle "$top/configs/transition.ini"
	[[ $status == 0 && -s --kernle ]]
}

# on_terminal COLUMNS ARGUMENT...: what minivmm prints on a terminal of that width.
on_terminal() {
	local columns=$1
	shift
	script -qec "stty cols $columns; $(printf '%q ' "$minivmm" "$@")" /dev/null </dev/null | tr -d '\r' >seen
}

@test "no line is wider than the terminal: what has no room goes on below" {
	local -a commands=("report show $top/tests/fixtures/report.json" "report show $top/tests/golden/contention.json"
		"report show $top/tests/fixtures/stat.json" "report show $top/tests/fixtures/sweep.json"
		"report show $top/tests/fixtures/headroom.json" "plan --size 64G --kernel all" "plan $top/configs/transition.ini"
		"report diff $top/tests/golden/transition.json $top/tests/golden/eager.json" help "help report")
	# The sanitizers are slow, and these are many runs.
	[[ ! -x $top/minivmm ]] || minivmm=$top/minivmm
	for columns in 60 80; do
		for command in "${commands[@]}"; do
			# shellcheck disable=SC2086 # words on purpose
			COLUMNS=$columns vmm $command
			[[ -s stdout ]]
			# A file's name may not be as long as a path.
			name=${command//"$top"/}
			mv stdout "$columns ${name//\//_}"
		done
		(cd "$top/tests/golden" && COLUMNS=$columns "$minivmm" report merge ./*.json 2>/dev/null) >"$columns merge" || true
	done
	awk 'length > FILENAME + 0 { print FILENAME ": " $0; wide = 1 } END { exit wide }' [68]0\ *
	# Each part of a table begins with what its rows are about.
	COLUMNS=60 vmm report show "$top/tests/fixtures/report.json"
	grep -qx '  phase       do        expect     rmaps         time' stdout
	grep -qx '  phase       L2 entries  L2 pages' stdout
	grep -qx '  transition           2     16384' stdout
	COLUMNS=60 vmm report show "$top/tests/fixtures/sweep.json"
	grep -qx '     VM  slots  kvm_mmu_load   memset  result' stdout
	# A sentence in the last column wraps, and loses no word.
	COLUMNS=60 vmm plan "$top/configs/transition.ini" --kernel 6.12
	[[ $(tr -s ' \n' ' ' <stdout) == *"- the VMM itself; measured with --pid, else unknown and not counted 140 KiB"* ]]
}

@test "text takes the width of the terminal, of COLUMNS, or 80 and 100 columns" {
	local columns
	for columns in 60 80 200; do
		# The same report both times: the host goes on, and what it has changes.
		TERM=dumb on_terminal $columns smoke vm.device=/nonexistent --format text -o report.json
		[[ $(sed -n '/^Checks/,$p' seen | wc -L) -le $columns && $(wc -l <seen) -gt 20 ]]
		mv seen seen-$columns
		COLUMNS=$columns vmm report show report.json
		cmp <(grep -v ^minivmm stdout) <(grep -v ^minivmm seen-$columns)
	done
	TERM=dumb on_terminal 60 help
	[[ -s seen && $(wc -L <seen) -le 60 ]]
	TERM=dumb on_terminal 60 smoke -h
	[[ -s seen && $(wc -L <seen) -le 60 ]]
	[[ $(wc -l <seen-60) -gt $(wc -l <seen-80) && $(wc -l <seen-80) -gt $(wc -l <seen-200) ]]
	COLUMNS=60 vmm report show "$top/tests/fixtures/report.json"
	grep -q '^  total .* 128.5 MiB  32.1 MiB' stdout
}

@test "colours: on a terminal, or as --color says; NO_COLOR, dumb terminals and files have none" {
	local report=$top/tests/fixtures/report.json green=$'\e[1;32mPASS\e[0m'
	TERM=xterm on_terminal 80 report show "$report"
	grep -qF "$green: rmaps lazy" seen
	TERM=dumb on_terminal 80 report show "$report"
	! grep -q $'\e' seen || return 1
	TERM=xterm NO_COLOR=1 on_terminal 80 report show "$report"
	! grep -q $'\e' seen || return 1
	TERM=xterm on_terminal 80 report show "$report" --color never
	! grep -q $'\e' seen || return 1
	vmm report show "$report"
	cp stdout plain
	! grep -q $'\e' plain || return 1
	NO_COLOR=1 vmm report show "$report" --color always -o file.json
	grep -qF "$green" stdout
	! grep -q $'\e' file.json || return 1
	sed 's/\x1b\[[0-9;]*m//g' stdout | cmp - plain
	vmm report show "$report" --color sometimes
	[[ $status == 2 ]]
}

@test "--require: a check that was skipped, or is not part of the run, fails" {
	vmm smoke vm.device=/nonexistent --require l2.ran,dirty.complete -o report.json
	[[ $status == 1 ]]
	grep -q '^not ok [0-9]* l2.ran$' stdout
	jq -e '.result == "fail" and .exit_status == 1 and ([.checks[] | select(.result == "fail") | .name] == ["l2.ran", "dirty.complete"])
		and (.checks[] | select(.name == "l2.ran") | .reason == "required, but not judged: no VM was made")' report.json
	vmm "$top/configs/transition.ini" vm.device=/nonexistent --require host.kvm --format json
	[[ $status == 1 ]]
	jq -e '.checks[0].result == "fail"' stdout
	vmm sweep --sizes 1G --slots 1 --require teardown.clean --format json
	jq -e '.points[0].result == "fail"' stdout
	for wrong in l2.rna "l2.ran," ""; do
		vmm smoke vm.device=/nonexistent --require "$wrong"
		[[ $status == 2 && ! -s stdout ]]
	done
	vmm smoke --require l2.rna
	grep -q -- '--require l2.rna: no check has this name; did you mean l2.ran?' stderr
}

@test "--runs: as many runs, one report, with every time's median and spread" {
	vmm smoke vm.device=/nonexistent --runs 5 -o report.json --format text --progress plain
	[[ $status == 4 ]]
	jq -e '.runs | .count == 5 and (.results == ["skip", "skip", "skip", "skip", "skip"])
		and (.times[0] | .name == "duration_ns" and .n == 5 and .min_ns <= .median_ns and .median_ns <= .max_ns)' report.json
	grep -q '^Runs: 5, each with a VM of its own: 5 skip$' stdout
	vmm "$top/configs/transition.ini" vm.device=/nonexistent --runs 3 --format json --progress plain
	jq -e '.runs.count == 3 and .exit_status == 4' stdout
	vmm report diff report.json report.json
	[[ $status == 0 ]]
	vmm sweep --sizes 64M --slots 1,2 --runs 2 --format json
	jq -e '.points | length == 2' stdout
	for wrong in 0 x 1001; do
		vmm smoke --runs $wrong
		[[ $status == 2 ]]
	done
	vmm - --runs 2
	[[ $status == 2 && $(<stderr) == *"standard input"* ]]
}

@test "a reason that checks share is said once, and names which they are" {
	vmm smoke vm.device=/nonexistent --format text
	[[ $(grep -c 'no VM was made' stdout) == 1 ]]
	sed -n '/SKIP  15 checks  /,/^  SKIP/p' stdout | tr -s ' \n' ' ' | grep -qF "no VM was made host.tdp-mmu, host.policy, guest.clean"
	# Each is a skip all the same, for those who count.
	grep -q '^SKIP: 0 passed, 0 failed, 18 skipped; exit status 4' stdout
	vmm smoke vm.device=/nonexistent --brief
	[[ $(wc -L <stdout) -le 80 && $(<stdout) == *"; in a VM .." ]]
}
