# SPDX-License-Identifier: GPL-2.0-only
# The man pages build, and name every command, option and key.

load vmm

# The pages are made once.
setup_file() {
	! command -v scdoc >/dev/null || (cd "$BATS_FILE_TMPDIR" && pages "$top/docs/man")
}

setup() {
	command -v scdoc >/dev/null || skip "no scdoc here (Debian: apt-get install scdoc)"
	cd "$BATS_FILE_TMPDIR" || exit
}

# Makes the pages as text from DIR's sources, with each paragraph on one line.
pages() { # DIR
	local page
	for page in minivmm.1 minivmm.ini.5; do
		awk -v minivmm="$minivmm" -v prefix=/usr/local -f "$top/docs/man/generate.awk" "$1/$page.scd" >"$page.scd" || return
		scdoc <"$page.scd" >"$page" || return
		# roff has font changes (\fB), nothing before a dot (\&), and - as \-.
		sed -E 's/\\(f[BIRP]|&)//g; s/\\(.)/\1/g' "$page" >"$page.txt"
	done
}

# Prints each option of a command's --help.
options() { "$minivmm" $1 --help | sed -nE 's/^ +(-[a-z?V], )?(--[a-z-]+).*/\2/p'; }

@test "minivmm(1) names every command, and each option of each" {
	local command
	for command in "" plan smoke stat sweep kernels report list; do
		options $command
	done | sort -u >"$BATS_TEST_TMPDIR/options"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/options") -gt 20 ]]
	awk 'NR == FNR { if (/^-/) text = text $0 "\n"; next }
		text !~ "(^|[ ,\n])" $0 "[ ,\n]" { print "not there: " $0; bad = 1 }
		END { exit bad }' minivmm.1.txt "$BATS_TEST_TMPDIR/options"
	for command in "" plan smoke stat sweep kernels report list; do
		has minivmm.1.txt "minivmm${command:+ $command}"
	done
	for command in show diff merge plot html; do
		has minivmm.1.txt $'\n'"minivmm report $command "
	done
}

@test "minivmm(1) has every check and scenario, minivmm.ini(5) every key and op" {
	local what page
	for what in checks:minivmm.1 scenarios:minivmm.1 keys:minivmm.ini.5 ops:minivmm.ini.5; do
		page=${what#*:}.txt
		"$minivmm" list ${what%:*} | awk -v page="$page" 'NR == FNR { sub(/ = .*/, ""); has[$0]; next }
			!($0 in has) { print page " lacks " $0; bad = 1 }
			END { exit bad || FNR < 2 }' "$page" -
	done
}

# Each key: *NAME* = VALUES, and its meaning and default in the next line.
@test "minivmm.ini(5) has every config key, with its values, default and meaning" {
	local first second
	cd "$BATS_TEST_TMPDIR"
	cp "$BATS_FILE_TMPDIR/minivmm.ini.5.txt" .
	"$minivmm" list keys -v | awk -F'\t' '{
		initial = $3 == "required" ? $3 : $3 == "-" ? "no default" : "default: " $3
		printf "%s = %s\t%s (%s)\n", $1, $2, $4, initial }' >want
	awk -F'\t' 'NR == FNR { line[FNR] = $0; at[$0] = FNR; next }
		!($1 in at) || (line[at[$1] + 1] != $2 && line[at[$1] + 2] != $2) { print "minivmm.ini(5) lacks: " $0; bad = 1 }
		END { exit bad || FNR < 30 }' minivmm.ini.5.txt want
}

@test "the pages are without a fault, and end with what comes last in them" {
	for page in minivmm.1 minivmm.ini.5; do
		grep -q '^.SH SEE ALSO' $page
		! command -v man >/dev/null || [[ -z $(MANWIDTH=80 man --warnings -l $page 2>&1 >/dev/null) ]]
	done
}

@test "red: an option that the page does not name, a list that can't be had" {
	cd "$BATS_TEST_TMPDIR"
	mkdir poorer
	sed '/--walk/d' "$top/docs/man/minivmm.1.scd" >poorer/minivmm.1.scd
	cp "$top/docs/man/minivmm.ini.5.scd" poorer
	pages poorer
	! grep -qE -- '^(-.*[ ,])?--walk( |,|$)' minivmm.1.txt || return 1
	minivmm=/bin/false
	! pages "$top/docs/man" || return 1
}

# bats test_tags=slow
@test "make man builds them, make install installs them where they were made" {
	cd "$BATS_TEST_TMPDIR"
	make --no-print-directory -C "$top" man
	make --no-print-directory -C "$top" install DESTDIR="$PWD/root" PREFIX=/usr
	[[ -s root/usr/share/man/man1/minivmm.1 && -s root/usr/share/man/man5/minivmm.ini.5 ]]
	[[ -x root/usr/bin/minivmm && -s root/usr/share/minivmm/schema/report-1.schema.json ]]
}
