# SPDX-License-Identifier: GPL-2.0-only
# minivmm stat, of a run of our own. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

seen_by_stat() {
	name=watched
	: >"$work/watched.err"
	"$minivmm" "$here/l1.ini" phase.touch.touch=6T --progress plain -o "$work/watched.json" >"$work/watched.out" 2>"$work/watched.err" &
	pid=$!
	wait_for "$work/watched.err" touch
	"$minivmm" stat "$pid" --format json >"$work/stat.json" 2>"$work/stat.err"
	status=$? name=stat
	# Once more each 100 ms, until it can't print.
	timeout 10 "$minivmm" stat "$pid" --watch 100ms --format json 2>/dev/null | head -n 2 >"$work/watch.json"
	timeout 10 "$minivmm" stat "$pid" --watch 100ms 2>/dev/null | head -n 6 >"$work/watch.txt"
	kill "$pid"
	wait "$pid"
	if [ "$status" = 0 ]; then
		that ".vms[] | select(.pid == $pid) | .pid == $pid" &&
			jq -es "length == 2 and all(.schema == \"minivmm.stat/1\" and (.vms | length) == 1 and .vms[0].pid == $pid) and .[0].time <= .[1].time" \
				"$work/watch.json" >/dev/null && grep -q '^20[0-9-]*T[0-9:]*Z$' "$work/watch.txt" && grep -q "^ *$pid " "$work/watch.txt"
	else
		skip="$(head -n 1 "$work/stat.err")"
	fi
}

it seen_by_stat "stat: the VM is seen"
