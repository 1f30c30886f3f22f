# SPDX-License-Identifier: GPL-2.0-only
# For NAME.report: prints a figure as a line for people and adds it to build/bench.json as an object.
# shellcheck shell=bash

# figure NAME VALUE UNIT LIMIT CONDITIONS [SAMPLES]: LIMIT is an operator and a number, as ">= 8", or - for none. VALUE may be
# null or missing: that keeps no limit. SAMPLES are the numbers that the value was made of, or two ends of its spread with
# their count before them, as "n=300 0.9 1.1"; without them the value is the only sample, and has no spread. Returns 1 where
# the limit is not kept; an exponent, whose spread is its error, does not keep it if no part of the spread does.
figure() {
	local object
	object=$(jq -nc --arg name "$1" --arg value "$2" --arg unit "$3" --arg limit "$4" --arg conditions "$5" --arg samples "${6:-}" '
		($value | try tonumber catch null) as $v | ($limit | split(" ")) as [$op, $bound] |
		[$samples | splits("[ \n]+") | tonumber?] as $samples_known |
		{name: $name, value: $v, unit: $unit, conditions: $conditions, limit: (if $limit == "-" then null else $limit end),
		 n: ($samples | try (capture("n=(?<n>[0-9]+)").n | tonumber) catch null // ([$samples_known | length, 1] | max)),
		 spread: (if $samples_known == [] then null else [$samples_known | min, max] end),
		 ok: ((if $unit == "exponent" then $samples_known | min // $v else $v end) as $judged |
		      if $limit == "-" then $v != null
		      elif $v == null then false
		      elif $op == "<" then $judged < ($bound | tonumber)
		      elif $op == "<=" then $judged <= ($bound | tonumber)
		      else $judged >= ($bound | tonumber) end)}')
	echo "$object" >>"$bench_figures"
	jq -r 'def short: . * 1000 | round / 1000;
		"\(.name): \(if .value == null then "not measured" else "\(.value | short) \(.unit)" end)" +
		(if .spread then " (\(.spread[0] | short) to \(.spread[1] | short), n = \(.n))" else "" end) +
		(if .limit then " (limit \(.limit))" else "" end) + (if .ok then "" else ": NOT KEPT" end)' <<<"$object"
	jq -e .ok <<<"$object" >/dev/null
}

# figure_skip NAME REASON: the figure can't be measured here.
figure_skip() {
	jq -nc --arg name "$1" --arg reason "$2" '{name: $name, skipped: $reason}' >>"$bench_figures"
	echo "SKIP: $2"
}

# figure_missing NAME REASON: the figure could be measured, but was not. Returns 1.
figure_missing() {
	jq -nc --arg name "$1" --arg reason "$2" '{name: $name, missing: $reason}' >>"$bench_figures"
	echo "$1: MISSING: $2"
	return 1
}

# The exponent that counts as linear. What is larger than a cache costs more of each: plans of 4096 and 32764 sections take
# 485 M and 3859 M instructions (callgrind), which is an exponent of 0.997, and times of 1.04 to 1.11, by four runs of this figure. A
# quadratic part that is half of the cost at the largest size makes it 1.28.
linear='<= 1.2'

# figure_growth NAME CONDITIONS: of the lines "SIZE NS [NS OF OTHERS]" on standard input, the others being the kernel and
# guests. The limit is that of the exponent of what is ours, or of all where that is not known. Leaves the points for growth-plot.
figure_growth() {
	local fit part=all kernel='' object kept=0
	fit=$(awk -f "$bench_dir/fit.awk" 2>&1) || {
		figure_missing "$1" "$fit"
		return
	}
	if jq -e .own.exponent <<<"$fit" >/dev/null; then
		part=own
		kernel=$(jq -r 'def short: . * 100 | round / 100; .points[-1] as [$size, $all, $kernel] |
			"; with what the kernel and guests take, \($kernel / $all * 100 | round) % of the last, \(.all.exponent | short); " +
			"that alone \(.kernel.exponent // 0 | short)"' <<<"$fit")
	fi
	figure "$1" "$(jq ".$part.exponent" <<<"$fit")" exponent "$linear" "$2$kernel" \
		"$(jq -r ".$part | \"n=\(.n) \(.exponent - .error) \(.exponent + .error)\"" <<<"$fit")" || kept=1
	object=$(tail -n 1 "$bench_figures" | jq -c --argjson fit "$fit" '. + {points: $fit.points}')
	sed -i '$d' "$bench_figures"
	echo "$object" >>"$bench_figures"
	return $kept
}

# figure_lab_growth NAME CONDITIONS: of what growth-took.sh left, by the last part of NAME.
figure_lab_growth() {
	cat "$out/${1#*.}.err" 2>/dev/null
	if [[ -s $out/${1#*.} ]]; then
		figure_growth "$1" "$2, 6.12, processor time of the process" <"$out/${1#*.}"
	else
		figure_missing "$1" "no size could be measured: $(tail -n 1 "$out/${1#*.}.err" 2>/dev/null)"
	fi
}
