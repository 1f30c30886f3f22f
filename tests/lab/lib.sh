# SPDX-License-Identifier: GPL-2.0-only
# What the lab's scripts share: paths, messages, exit statuses.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_top=${lab_dir%/tests/lab}
lab_cache=$(realpath -m "${LAB_CACHE:-$lab_top/build/lab}")

say() {
	printf 'lab: %s\n' "$*" >&2
}

# The exit statuses are the same as minivmm's.
wrong_usage() {
	say "$@"
	exit 2
}

fail() {
	say "$@"
	exit 3
}

skip() {
	printf 'SKIP: %s\n' "$*" >&2
	exit 4
}

# The name (uname -r) that a bzImage carries: Documentation/arch/x86/boot.rst, field kernel_version.
kernel__release() { # VMLINUZ
	local text=$((0x200 + $(od -An -tu2 -j 0x20e -N 2 "$1")))
	dd if="$1" bs=1 skip="$text" count=100 2>/dev/null | tr -c '[:graph:]' '\n' | sed -n 1p
}

# The file of the emulator for VENDOR's CPUs: by default the fastest that has them, or LAB_EMULATOR.
emulator_file() { # VENDOR
	case $1-${LAB_EMULATOR:-} in
	amd- | amd-qemu) echo "$lab_dir/emulator-amd.sh" ;;
	amd-bochs) echo "$lab_dir/emulator-amd-bochs.sh" ;;
	intel- | intel-bochs) echo "$lab_dir/emulator-intel.sh" ;;
	amd-* | intel-*) wrong_usage "LAB_EMULATOR=$LAB_EMULATOR: the lab can't emulate VENDOR=$1 by that" ;;
	*) wrong_usage "VENDOR=$1: the lab has no such emulator" ;;
	esac
}

# Makes a folder of the cache, once: COMMAND fills $tmp/new, and one rename publishes it, so that a folder is complete or
# does not exist. While the lock is held, a folder that is half made was left behind by a process that died.
make_once() { # FOLDER COMMAND...
	local home=${1%/*} lock
	[[ ! -d $1 ]] || return 0
	mkdir -p "$home"
	exec {lock}>"$home/lock"
	flock "$lock"
	rm -rf "$home"/making.*
	tmp=$(mktemp -d "$home/making.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [[ ! -d $1 ]]; then # still
		mkdir "$tmp/new"
		"${@:2}"
		mv -T "$tmp/new" "$1"
	fi
	rm -rf "$tmp"
	exec {lock}>&-
}
