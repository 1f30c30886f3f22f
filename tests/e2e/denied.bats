# SPDX-License-Identifier: GPL-2.0-only
# A filter, such as a container's, denies one system call at a time of commands that run KVM (tests/faults/denied.c).

load lab

setup_file() {
	${CC:-gcc} -D_GNU_SOURCE -O2 -Wall -Werror -static -DSYSCALL_NAMES="\"$top/build/syscall_names.h\"" \
		-o "$BATS_FILE_TMPDIR/denied" "$top/tests/faults/denied.c" -ljansson
	LAB_TIMEOUT=${LAB_TIMEOUT:-900} boot denied.sh --program "$BATS_FILE_TMPDIR/denied"
}
setup() { need_boot; }

@test "run" { rc run 0; }
@test "smoke" { rc smoke 0; }
@test "stat --predict" { rc stat 0; }
