# SPDX-License-Identifier: GPL-2.0-only
# For bats files that run minivmm: vmm(); and every JSON it makes is validated, once at the end of the file.

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
minivmm=${MINIVMM:-$top/build/sanitized/minivmm}

# Runs minivmm with stdout and stderr apart. Before each command bats notes where it is, which takes longer than most of the
# commands here: what is called hundreds of times has few.
vmm() {
	status=0
	"$minivmm" "$@" >stdout 2>stderr </dev/null || status=$?
	# `report show` repeats what a test has given it.
	[[ "${1:-} ${2:-}" == "report show" ]] || keep_json stdout
	[[ " $* " == *" -o "* ]] || return 0
	while [[ $# -gt 1 ]]; do
		[[ $1 != -o ]] || keep_json "$2"
		shift
	done
}

# jq -e FILTER FILE, where there is nothing in FILE, is no success, as it is for jq before 1.7.
jq() {
	[[ $1 != -e* || ! -f ${!#} || -s ${!#} ]] || { echo "jq: ${!#} is empty"; return 4; }
	command jq "$@"
}

# same FILE FILE [FILTER]: each is one value, and what the filter makes of both is the same. One jq: its start takes 15 ms.
same() {
	command jq -en "[inputs | ${3:-.}] | length == 2 and .[0] == .[1]" "$1" "$2" >/dev/null && return
	diff <(command jq -S "${3:-.}" "$1") <(command jq -S "${3:-.}" "$2")
	return 1
}

# has FILE TEXT...: FILE has each TEXT. It starts no process: loops call it a hundred times.
has() {
	local whole text
	read -r -d '' whole <"$1" || true
	for text in "${@:2}"; do
		[[ $whole == *"$text"* ]] || { echo "$1 lacks: $text"; return 1; }
	done
}

# keep_json FILE...: those that are minivmm's JSON, for teardown_file. It starts no process: it is called hundreds of times.
keep_json() {
	local file head whole
	for file in "$@"; do
		head=''
		[[ ! -f $file ]] || read -r -d '' -N 60 head <"$file" || true
		[[ $head == '{'*'"schema"'*'"minivmm.'* ]] || continue
		kept=$((${kept:-0} + 1))
		[[ -d $BATS_FILE_TMPDIR/json ]] || mkdir "$BATS_FILE_TMPDIR/json"
		read -r -d '' whole <"$file" || true
		printf '%s\n' "$whole" >"$BATS_FILE_TMPDIR/json/test$BATS_TEST_NUMBER-$kept-${file##*/}"
	done
}

# Without Python or the module (127, 3) nothing is validated: schema.bats says so with a skip.
teardown_file() {
	local kept=("$BATS_FILE_TMPDIR"/json/*) status=0
	[[ -e ${kept[0]} ]] || return 0
	"$top/tests/validate" "${kept[@]}" || status=$?
	[[ $status == 0 || $status == 3 || $status == 127 ]]
}
