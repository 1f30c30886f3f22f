# SPDX-License-Identifier: GPL-2.0-only
# Reads RFC 4180 strictly, and prints each field as "RECORD<TAB>HEAD<TAB>VALUE"; line ends inside a field as \n.
# Exits 1 where a record does not end in CRLF, has another number of fields than the head, or quotes are wrong.
# Awk's records are lines here: RS stays "\n", and "\r" is looked at.
function bad(why) { printf "line %d: %s\n", NR, why >"/dev/stderr"; failed = 1 }
function field() { if (record) print record "\t" head[n] "\t" value; else head[n] = value; value = ""; n++ }
BEGIN { record = 0; n = 0; value = ""; quoted = 0 }
{
	line = $0
	size = length(line)
	for (i = 1; i <= size; i++) {
		c = substr(line, i, 1)
		if (quoted) {
			if (c != "\"") value = value (c == "\r" ? "" : c)
			else if (substr(line, i + 1, 1) == "\"") { value = value "\""; i++ }
			else { quoted = 0; closed = 1 }
		} else if (c == "\"") {
			if (value != "" || closed) bad("a quote inside a field without quotes")
			quoted = 1
		} else if (c == ",") { field(); closed = 0 }
		else if (c == "\r" && i == size) { ended = 1 }
		else if (closed) bad("text after the closing quote")
		else value = value c
	}
	if (quoted) { value = value "\\n"; next }
	if (!ended) bad("no CRLF")
	field()
	if (!record) width = n
	else if (n != width) bad(n " fields, not " width)
	record++; n = 0; ended = 0; closed = 0
}
END { if (quoted) bad("an open quote"); if (record < 2) bad("no records"); exit failed }
