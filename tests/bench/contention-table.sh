# SPDX-License-Identifier: GPL-2.0-only
# Prints a report's contention as a table, for people and for figures.
# shellcheck shell=bash

contention_table() { # REPORT
	jq -e '.contention | length > 0' "$1" >/dev/null 2>&1 || return
	jq -r 'def ms: if . == null then "-" else . / 1e4 | round / 100 | tostring end;
		def x: if . == null then "-" else . * 100 | round / 100 | tostring end;
		"\(.host.kernel), tdp_mmu \(.host.kvm.tdp_mmu)",
		(["step", "n", "before ms", "p99", "control ms", "after ms", "p99", "control/before", "after/before"],
		(.contention[] | [.op, .after.n, (.before | .median_ns, .p99_ns | ms), (.control.median_ns | ms),
			(.after | .median_ns, .p99_ns | ms), (.control_ratio | x), (.ratio | x)]) | @tsv)' "$1" | column -t -s $'\t'
}

contention_ratio() { # REPORT OP
	jq --arg op "$2" '.contention[] | select(.op == $op) | .ratio' "$1" 2>/dev/null
}

# The spread of that ratio: as if the fastest had always met the slowest.
contention_spread() { # REPORT OP
	contention_ends "$1" "$2" before | {
		read -r n low high
		jq -r --arg op "$2" --argjson low "$low" --argjson high "$high" --arg n "$n" '.contention[] | select(.op == $op) |
			"n=\($n) \(.after.min_ns / $high) \(.after.max_ns / $low)"' "$1"
	} 2>/dev/null
}

# "N LEAST MOST" of the times.
contention_ends() { # REPORT OP before|control|after
	jq -r --arg op "$2" --arg when "$3" '.contention[] | select(.op == $op) | .[$when] | "\(.n) \(.min_ns) \(.max_ns)"' "$1" 2>/dev/null
}

contention_median() { # REPORT OP before|control|after
	jq --arg op "$2" --arg when "$3" '.contention[] | select(.op == $op) | .[$when].median_ns' "$1" 2>/dev/null
}
