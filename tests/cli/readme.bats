# SPDX-License-Identifier: GPL-2.0-only
# README and docs/ stay true: what they name is there, what is there they name, what they quote is what minivmm prints.

load vmm

@test "the README is short, and names every command and make target" {
	[[ $(wc -l <"$top/README.md") -le 150 ]]
	for word in 'make demo' 'make check' 'make lab' 'minivmm report' 'minivmm list'; do
		grep -qF "$word" "$top/README.md"
	done
}

@test "the README's transcript is lines of the real one, in their order" {
	cd "$top"
	sed -n '/^<!-- lines of: /,/^<!-- end -->/p' README.md | sed -n 's/^    //p' | grep -vxF '[...]' >"$BATS_TEST_TMPDIR/quoted"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/quoted") -gt 5 ]]
	"$minivmm" report show tests/fixtures/report.json >"$BATS_TEST_TMPDIR/whole"
	awk 'NR == FNR { want[++count] = $0; next }
		at < count && $0 == want[at + 1] { at++ }
		END { if (at < count) { print "not in its place: " want[at + 1]; exit 1 } }' "$BATS_TEST_TMPDIR"/{quoted,whole}
	[[ $(head -n 1 "$BATS_TEST_TMPDIR/quoted") == "$(head -n 1 "$BATS_TEST_TMPDIR/whole")" ]]
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/quoted") == "$(tail -n 1 "$BATS_TEST_TMPDIR/whole")" ]]
}

@test "what pages quote is what minivmm prints (make docs)" {
	local page count=0
	cd "$top"
	for page in $(grep -lE '^<!-- minivmm .* -->$' docs/*.md); do
		awk -v minivmm="$minivmm" -f docs/transcripts.awk "$page" | diff "$page" -
		count=$((count + 1))
	done
	[[ $count -ge 2 ]]
	# red: another line, and a command that fails
	sed 's/^    PASS: 17/    PASS: 18/' docs/reading-a-report.md >"$BATS_TEST_TMPDIR/page"
	! awk -v minivmm="$minivmm" -f docs/transcripts.awk "$BATS_TEST_TMPDIR/page" | diff -q "$BATS_TEST_TMPDIR/page" - || return 1
	echo '<!-- minivmm report show nowhere.json -->' >"$BATS_TEST_TMPDIR/page"
	! awk -v minivmm="$minivmm" -f docs/transcripts.awk "$BATS_TEST_TMPDIR/page" || return 1
}

@test "links between pages lead somewhere" {
	local page target
	cd "$top"
	grep -oE '\]\([^)#:]+[)#]' ./README.md docs/*.md tests/lab/README.md | sed -E 's/:../:/; s/.$//' >"$BATS_TEST_TMPDIR/links"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/links") -gt 20 ]]
	while IFS=: read -r page target; do
		[[ -e ${page%/*}/$target ]] || { echo "$page: $target"; return 1; }
	done <"$BATS_TEST_TMPDIR/links"
}

@test "anchors lead to a heading" {
	cd "$top"
	# An anchor is the heading's letters, digits, _ and -, in lower case.
	awk 'FNR == 1 { folder = FILENAME; sub(/[^\/]*$/, "", folder) }
		/^#+ / {
			text = tolower($0)
			sub(/^#+ /, "", text)
			gsub(/ /, "-", text)
			gsub(/[^a-z0-9_-]/, "", text)
			heading[FILENAME "#" text]
		}
		{
			for (rest = $0; match(rest, /\]\([^):]*#[^)]+\)/); rest = substr(rest, RSTART + RLENGTH)) {
				to = substr(rest, RSTART + 2, RLENGTH - 3)
				to = to ~ /^#/ ? FILENAME to : folder to
				sub(/^docs\/\.\.\//, "", to)
				leads[to] = FILENAME
				count++
			}
		}
		END {
			for (to in leads)
				if (!(to in heading)) { print leads[to] ": " to; bad = 1 }
			exit bad || count < 5
		}' README.md docs/*.md
}

@test "the architecture page names every room and source file, and no other" {
	cd "$top/vmm"
	# "ROOM/PATTERN" for each file named in the table of files
	awk -F ' *[|] *' '/^\| room \| files/ { table = 1 } table && !/^\|/ { exit }
		table && $2 ~ /^`/ { room = $2; gsub(/`/, "", room) }
		table { count = split($3, file, /, */); for (i = 1; i <= count; i++) { gsub(/`/, "", file[i]); print room file[i] } }' \
		../docs/architecture.md | grep -E '/.*\.[cSh]$' >"$BATS_TEST_TMPDIR/named"
	[[ $(cut -d / -f 1 "$BATS_TEST_TMPDIR/named" | uniq) == "$(sed -nE 's/.*split\("([a-z ]+)", order.*/\1/p' ../tests/lint | tr ' ' '\n')" ]]
	local pattern
	# Each file of a room is named by a pattern, in which * stands for any text.
	printf '%s\n' */*.[cS] | awk 'NR == FNR { gsub(/[.]/, "[.]"); gsub(/[*]/, "[^/]*"); named = named (NR > 1 ? "|" : "") $0; next }
		$0 !~ "^(" named ")$" { print "not named: " $0; bad = 1 }
		END { exit bad || FNR < 50 }' "$BATS_TEST_TMPDIR/named" -
	while read -r pattern; do
		compgen -G "$pattern" >/dev/null || { echo "no such file: $pattern"; return 1; }
	done <"$BATS_TEST_TMPDIR/named"
}
