# SPDX-License-Identifier: GPL-2.0-only
# Fills in what minivmm prints: between "<!-- minivmm ARGUMENTS -->" and "<!-- end -->" of a page.
# usage: awk -v minivmm=./minivmm -f docs/transcripts.awk PAGE.md      (from the top of the tree; `make docs`)

function put(arguments, command, line)
{
	command = minivmm " " arguments " </dev/null"
	print ""
	while ((command | getline line) > 0)
		print (line == "" ? "" : "    " line)
	print ""
	if (close(command)) {
		print "transcripts.awk: " command " failed" >"/dev/stderr"
		exit 1
	}
}

/^<!-- end -->$/ { inside = 0 }
!inside { print }
/^<!-- minivmm .* -->$/ {
	inside = 1
	arguments = $0
	sub(/^<!-- minivmm /, "", arguments)
	sub(/ -->$/, "", arguments)
	put(arguments)
}
