# SPDX-License-Identifier: GPL-2.0-only
# For NAME.report: prints a figure as a line for people and adds it to build/bench.json as an object.
# shellcheck shell=bash

# figure NAME VALUE UNIT LIMIT CONDITIONS [SAMPLES]: LIMIT is an operator and a number, as ">= 8", or - for none. VALUE may be
# null or missing: that keeps no limit. SAMPLES are the numbers that the value was made of, or two ends of its spread with
# their count before them, as "n=300 0.9 1.1"; without them the value is the only sample, and has no spread. Returns 1 where
# the limit is not kept.
figure() {
	local object
	object=$(jq -nc --arg name "$1" --arg value "$2" --arg unit "$3" --arg limit "$4" --arg conditions "$5" --arg samples "${6:-}" '
		($value | try tonumber catch null) as $v | ($limit | split(" ")) as [$op, $bound] |
		[$samples | splits("[ \n]+") | tonumber?] as $samples_known |
		{name: $name, value: $v, unit: $unit, conditions: $conditions, limit: (if $limit == "-" then null else $limit end),
		 n: ($samples | try (capture("n=(?<n>[0-9]+)").n | tonumber) catch null // ([$samples_known | length, 1] | max)),
		 spread: (if $samples_known == [] then null else [$samples_known | min, max] end),
		 ok: (if $limit == "-" then $v != null
		      elif $v == null then false
		      elif $op == "<" then $v < ($bound | tonumber)
		      elif $op == "<=" then $v <= ($bound | tonumber)
		      else $v >= ($bound | tonumber) end)}')
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
