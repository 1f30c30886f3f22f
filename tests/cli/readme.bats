# SPDX-License-Identifier: GPL-2.0-only
# The README stays true: what it names is there, and what is there it names.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	minivmm=${MINIVMM:-$top/build/sanitized/minivmm}
}

@test "the README has every config key, with its values, default and meaning" {
	"$minivmm" list keys -v | awk -F'\t' '{ gsub(/\|/, "\\|", $2); printf "| `%s` | %s | %s | %s |\n", $1, $2, $3, $4 }' |
		while read -r row; do
			grep -qxF -- "$row" "$top/README.md" || { echo "README lacks: $row"; exit 1; }
		done
}

@test "the README names every command and make target" {
	for word in 'make demo' 'make check' 'make lab' 'minivmm report' 'minivmm list'; do
		grep -qF "$word" "$top/README.md"
	done
}

@test "the architecture page names every source file" {
	local file pattern patterns
	patterns=$(grep -oE '`[a-z_*]+\.[cS]`' "$top/docs/architecture.md" | tr -d '`')
	cd "$top/vmm"
	for file in *.c; do
		for pattern in $patterns; do
			# shellcheck disable=SC2053 # a pattern on purpose
			[[ $file != $pattern ]] || continue 2
		done
		echo "not named: $file"
		return 1
	done
}
