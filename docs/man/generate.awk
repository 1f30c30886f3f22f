# SPDX-License-Identifier: GPL-2.0-only
# Fills a man page's @KEYS@, @CHECKS@... with what `minivmm list` says, so that the page can't be out of date.
# usage: awk -v minivmm=./minivmm -v prefix=/usr/local -f generate.awk PAGE.scd | scdoc

function plain(text) { gsub(/[\\*_`]/, "\\\\&", text); return text }

function unless(initial)
{
	if (initial == "required" || initial == "-")
		return initial == "-" ? "no default" : initial
	return "default: " plain(initial)
}

# NAME, VALUES, DEFAULT, MEANING of a key; NAME, MEANING of anything else.
function put(what, command, line, field, count)
{
	command = minivmm " list " what " -v"
	while ((command | getline line) > 0) {
		split(line, field, "\t")
		if (count++)
			print ""
		if (what == "keys")
			printf("*%s* = %s\n\t%s (%s)\n", plain(field[1]), plain(field[2]), plain(field[4]),
				unless(field[3]))
		else
			printf("*%s*\n\t%s\n", plain(field[1]), plain(field[2]))
	}
	if (close(command) || !count)
		exit 1
}

/^@[A-Z]+@$/ { put(tolower(substr($0, 2, length($0) - 2))); next }
{
	gsub(/@PREFIX@/, prefix)
	print
}
