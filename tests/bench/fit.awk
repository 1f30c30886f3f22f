# SPDX-License-Identifier: GPL-2.0-only
# Fits cost = c * size^exponent by least squares on the logarithms. Lines: SIZE COST [KERNEL], KERNEL being the kernel's part
# of the cost. Prints one object: exponent and its standard error, those of the kernel's part and of the rest, and the points.
# The larger half of the sizes counts, and three at least: what a process takes anyway is the least part of it there.
function fit(y, name,    i, first, n, sx, sy, sxx, sxy, slope, at, rest, error) {
	first = NR - int((NR + 1) / 2) + 1
	if (NR - first < 2)
		first = NR - 2
	for (i = first; i <= NR; i++) {
		if (!(y[i] > 0))
			return ""
		n++
		sx += log(x[i]); sy += log(y[i])
		sxx += log(x[i]) ^ 2; sxy += log(x[i]) * log(y[i])
	}
	slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
	at = (sy - slope * sx) / n
	for (i = first; i <= NR; i++)
		rest += (log(y[i]) - at - slope * log(x[i])) ^ 2
	error = sqrt(rest / (n - 2) / (sxx - sx * sx / n))
	return sprintf("\"%s\": {\"exponent\": %.3f, \"error\": %.3f, \"n\": %d}, ", name, slope, error, n)
}
{
	x[NR] = $1; all[NR] = $2; kernel[NR] = $3; own[NR] = $2 - $3
	points = points (NR > 1 ? ", " : "") "[" $1 ", " $2 ", " (NF > 2 ? $3 : "null") "]"
}
END {
	if (NR < 3) {
		print "fewer than three sizes could be measured"
		exit 1
	}
	printf "{%s", fit(all, "all")
	if (NF > 2)
		printf "%s%s", fit(own, "own"), fit(kernel, "kernel")
	printf "\"points\": [%s]}\n", points
}
