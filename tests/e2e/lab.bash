# SPDX-License-Identifier: GPL-2.0-only
# For bats files that check the results of runs in the lab: one boot per file, in setup_file.

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# boot SCRIPT [OPTION...]: runs it on an emulated host; its results are in $out afterwards. LAB_TIMES=1 prints when each of
# its runs ended.
boot() {
	local script=$1 status=0
	shift
	export out=$BATS_FILE_TMPDIR/out
	"$top/tests/limit" --slowness >"$BATS_FILE_TMPDIR/slowness"
	for _ in 1 2; do
		status=0
		LAB_MINIVMM=${LAB_MINIVMM:-$top/build/static/minivmm} "$top/tests/lab/run" \
			--script "$top/tests/e2e/$script" --add "$top/tests/e2e/prelude.sh" \
			--add "$BATS_FILE_TMPDIR/slowness" --outdir "$out" "$@" >"$BATS_FILE_TMPDIR/lab.log" 2>&1 ||
			status=$? # bats would end here
		# Stock kernels have bugs that stress meets now and then, which are no fault of the change that is tested.
		grep -q 'a bug that crashes like this' "$BATS_FILE_TMPDIR/lab.log" || break
		echo "# $script: the kernel crashed by a bug that stock kernels have (docs/kernel-bugs.md)" >&3
	done
	echo $status >"$BATS_FILE_TMPDIR/status"
	[[ ! ${LAB_TIMES:-} || ! -e $out/times ]] || sed 's/^/# /' "$out/times" >&3
}

# boot_built CONFIG SCRIPT [OPTION...]: the same on a 6.12 that tests/lab/build-kernel builds first.
boot_built() {
	local config=$1 status=0 folder
	shift
	folder=$("$top/tests/lab/build-kernel" "$top/tests/lab/$config" 6.12 2>"$BATS_FILE_TMPDIR/lab.log") || status=$?
	echo $status >"$BATS_FILE_TMPDIR/status"
	[[ $status == 0 ]] || return 0 # need_boot says it
	KERNEL=$folder/vmlinuz LAB_MODULES=$folder/modules boot "$@"
}

# In setup(): a kernel that is no longer available is a skip, every other error a failure.
need_boot() {
	out=$BATS_FILE_TMPDIR/out
	case $(cat "$BATS_FILE_TMPDIR/status") in
	0) ;;
	4) skip "$(grep -m1 SKIP "$BATS_FILE_TMPDIR/lab.log")" ;;
	*)
		cat "$BATS_FILE_TMPDIR/lab.log"
		return 1
		;;
	esac
}

# Every JSON that came out is valid.
teardown_file() {
	local files
	[[ $(cat "$BATS_FILE_TMPDIR/status") == 0 ]] || return 0 # need_boot has said it
	mapfile -d '' files < <(find "$BATS_FILE_TMPDIR/out" -type f -print0)
	[[ ${#files[@]} == 0 ]] || "$top/tests/validate" "${files[@]}"
}

# jq before 1.7 succeeds with an empty FILE; here jq -e FILTER FILE then fails.
jq() {
	[[ $1 != -e* || ! -f ${!#} || -s ${!#} ]] || { echo "jq: ${!#} is empty"; return 4; }
	command jq "$@"
}

# rc NAME STATUS: the run's exit status.
rc() {
	[[ $(cat "$out/$1.rc") == "$2" ]] || {
		echo "$1: exit status $(cat "$out/$1.rc"), expected $2"
		cat "$out/$1.txt" "$out/$1.err"
		return 1
	}
}

# json NAME FILTER: runs jq -e on the run's report.
json() {
	jq -e "$2" "$out/$1.json" >/dev/null || {
		echo "$1: not so: $2"
		jq '{result, exit_status, transition, checks: [.checks[] | {name, result, reason}]}' "$out/$1.json"
		return 1
	}
}

# check NAME CHECK RESULT [REASON]: expects a check's result, and the words of REASON in its reason.
check() {
	json "$1" ".checks[] | select(.name == \"$2\") | .result == \"$3\" and (.reason | contains(\"${4:-}\"))"
}
