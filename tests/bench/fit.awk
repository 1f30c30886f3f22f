# SPDX-License-Identifier: GPL-2.0-only
# Fits cost = c * size^exponent by least squares on the logarithms. Lines: SIZE COST [OTHERS], OTHERS being the part of the
# kernel and of guests. Of several lines of one size the one of the least cost counts. Prints one object: exponent and its
# standard error, those of the others' part and of ours, and the points.
# The larger half of the sizes counts, and three at least: what a process takes anyway is the least part of it there.
function fit(y, name,    i, first, n, sx, sy, sxx, sxy, slope, at, rest, error) {
	first = sizes - int((sizes + 1) / 2) + 1
	if (sizes - first < 2)
		first = sizes - 2
	for (i = first; i <= sizes; i++) {
		if (!(y[i] > 0))
			return ""
		n++
		sx += log(x[i]); sy += log(y[i])
		sxx += log(x[i]) ^ 2; sxy += log(x[i]) * log(y[i])
	}
	slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
	at = (sy - slope * sx) / n
	for (i = first; i <= sizes; i++)
		rest += (log(y[i]) - at - slope * log(x[i])) ^ 2
	error = sqrt(rest / (n - 2) / (sxx - sx * sx / n))
	return sprintf("\"%s\": {\"exponent\": %.3f, \"error\": %.3f, \"n\": %d}, ", name, slope, error, n)
}
{
	if (!($1 in at))
		at[$1] = ++sizes
	else if ($2 >= all[at[$1]])
		next
	x[at[$1]] = $1; all[at[$1]] = $2; kernel[at[$1]] = $3; own[at[$1]] = $2 - $3
}
END {
	if (sizes < 3) {
		print "fewer than three sizes could be measured"
		exit 1
	}
	for (i = 1; i <= sizes; i++)
		points = points (i > 1 ? ", " : "") "[" x[i] ", " all[i] ", " (NF > 2 ? kernel[i] : "null") "]"
	printf "{%s", fit(all, "all")
	if (NF > 2)
		printf "%s%s", fit(own, "own"), fit(kernel, "kernel")
	printf "\"points\": [%s]}\n", points
}
