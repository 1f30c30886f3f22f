# SPDX-License-Identifier: GPL-2.0-only
# A strict reader of Prometheus' text exposition format 0.0.4, as `promtool check metrics` is one.
# Exits 1 and says why where a line is not of the grammar, a family has no HELP and TYPE before its samples, is not in
# one piece, or a series comes twice.
function bad(why) { printf "line %d: %s: %s\n", NR, why, $0; failed = 1 }

# Takes NAME="VALUE" pairs off the front; returns what is left, or "!" if it is no list of labels.
function labels(text, seen, name) {
	split("", seen)
	if (substr(text, 1, 1) != "{")
		return text
	text = substr(text, 2)
	while (match(text, /^[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\["\\n])*"/)) {
		name = text
		sub(/=.*/, "", name)
		if (name in seen)
			return "!"
		seen[name] = 1
		text = substr(text, RLENGTH + 1)
		if (substr(text, 1, 1) == "}")
			return substr(text, 2)
		if (substr(text, 1, 1) != ",")
			return "!"
		text = substr(text, 2)
	}
	return "!"
}

/^# HELP / {
	if ($3 !~ /^[a-zA-Z_:][a-zA-Z0-9_:]*$/ || $3 in help || NF < 4) bad("HELP")
	help[$3] = 1
	next
}
/^# TYPE / {
	if (!($3 in help) || $3 in type || $4 !~ /^(counter|gauge|histogram|summary|untyped)$/ || NF != 4) bad("TYPE")
	if ($4 == "counter" && $3 !~ /_total$/) bad("a counter's name ends in _total")
	type[$3] = $4
	family = $3
	next
}
/^$/ || /^#/ { bad("neither HELP nor TYPE nor a sample"); next }
{
	if (!match($0, /^[a-zA-Z_:][a-zA-Z0-9_:]*/)) { bad("no metric's name"); next }
	name = substr($0, 1, RLENGTH)
	rest = labels(substr($0, RLENGTH + 1))
	if (rest == "!") { bad("labels"); next }
	if (rest !~ /^ (NaN|[+-]Inf|[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)( [0-9]+)?$/) bad("value")
	if (name != family) bad("not under its family's TYPE")
	series = substr($0, 1, length($0) - length(rest))
	if (series in samples) bad("a second time")
	samples[series] = 1
	count++
}
END {
	if (!count) { print "no samples"; failed = 1 }
	exit failed
}
