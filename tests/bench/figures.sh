# SPDX-License-Identifier: GPL-2.0-only
# For NAME.report: prints a figure as a line for people and adds it to build/bench.json as an object.
# shellcheck shell=bash

# figure NAME VALUE UNIT LIMIT CONDITIONS: LIMIT is an operator and a number, as ">= 8", or - for none. VALUE may be null or
# missing: that keeps no limit. Returns 1 where the limit is not kept.
figure() {
	local object
	object=$(jq -nc --arg name "$1" --arg value "$2" --arg unit "$3" --arg limit "$4" --arg conditions "$5" '
		($value | try tonumber catch null) as $v | ($limit | split(" ")) as [$op, $bound] |
		{name: $name, value: $v, unit: $unit, conditions: $conditions, limit: (if $limit == "-" then null else $limit end),
		 ok: (if $limit == "-" then $v != null
		      elif $v == null then false
		      elif $op == "<" then $v < ($bound | tonumber)
		      elif $op == "<=" then $v <= ($bound | tonumber)
		      else $v >= ($bound | tonumber) end)}')
	echo "$object" >>"$bench_figures"
	jq -r '"\(.name): \(if .value == null then "not measured" else "\(.value * 1000 | round / 1000) \(.unit)" end)" +
		(if .limit then " (limit \(.limit))" else "" end) + (if .ok then "" else ": NOT KEPT" end)' <<<"$object"
	jq -e .ok <<<"$object" >/dev/null
}

# figure_skip NAME REASON: the figure can't be measured here.
figure_skip() {
	jq -nc --arg name "$1" --arg reason "$2" '{name: $name, skipped: $reason}' >>"$bench_figures"
	echo "SKIP: $2"
}
