# SPDX-License-Identifier: GPL-2.0-only
# Dirty logging on a mostly empty slot gets slower with the transition, and only with it.
# Loose bounds: the emulator shares its host. make bench has the figures.

load lab

setup_file() { LAB_THREADS=multi boot contention.sh; }
setup() { need_boot; }

ratio() { # OP FILTER
	json contention ".contention[] | select(.op == \"$1\") | $2"
}

@test "every step has its distribution, before, in the control and after" {
	rc contention 0
	check contention stress.clean pass "none failed"
	check contention transition.observed pass
	json contention '[.contention[].op] == ["dirty-log-on", "dirty-log-off", "dirty-log-get", "dirty-log-clear", "discard", "guest-pass"]'
	json contention '[.contention[] | .before, .control, .after | .n > 0 and .min_ns <= .median_ns and .median_ns <= .p99_ns and .p99_ns <= .max_ns] | all'
	grep -q '^Contention' "$out/contention.txt"
}

@test "dirty logging on and off: slower after, not in the control" {
	ratio dirty-log-on '.after.min_ns > 2 * .before.min_ns'
	ratio dirty-log-off '.after.min_ns > 4 * .before.min_ns'
	ratio dirty-log-off '.after.min_ns > 4 * .control.min_ns'
}
