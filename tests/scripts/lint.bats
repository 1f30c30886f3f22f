# SPDX-License-Identifier: GPL-2.0-only
# The rules about includes and of kernel versions: what they accept and what they refuse.

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	lint=$BATS_TEST_DIRNAME/../lint
	mkdir -p vmm/base vmm/host vmm/vm
	echo '#include "base/err.h"' >vmm/vm/vcpu.c
	echo '#include "minivmm_abi.h"' >vmm/host/host.c
	echo '#include "base/err.h"' >vmm/base/err.c
}

@test "rooms: an include of an earlier room, of the own one and of include/ is fine" {
	run "$lint" --rooms "$PWD/vmm"
	echo "$output"
	[[ $status == 0 && -z $output ]]
}

@test "rooms: an include of a later room is refused and named" {
	echo '#include "vm/vcpu.h"' >vmm/host/host.c
	run "$lint" --rooms "$PWD/vmm"
	echo "$output"
	[[ $status == 1 && $output == *'host/host.c:#include "vm/vcpu.h"'* ]]
}

@test "rooms: an include without a room, a room that is not in the order and a loose file are refused" {
	echo '#include "err.h"' >vmm/base/err.c
	run "$lint" --rooms "$PWD/vmm"
	[[ $status == 1 && $output == *base/err.c* ]]
	echo '#include "base/err.h"' >vmm/base/err.c
	mkdir vmm/misc
	echo '#include "base/err.h"' >vmm/misc/misc.c
	run "$lint" --rooms "$PWD/vmm"
	[[ $status == 1 && $output == *misc/misc.c* ]]
	rm -r vmm/misc
	touch vmm/loose.c
	run "$lint" --rooms "$PWD/vmm"
	[[ $status == 1 && $output == *loose.c* ]]
}

@test "kernel rules: a version is compared in model/ and read in host/host.c" {
	mkdir vmm/model
	echo 'return since(facts, 5, 17) && facts->minor >= 3;' >vmm/model/kernel.c
	echo 'void host_version(const char *release);' >vmm/host/host.c
	run "$lint" --kernel-rules "$PWD/vmm"
	echo "$output"
	[[ $status == 0 && -z $output ]]
}

@test "kernel rules: a version that is compared elsewhere is refused and named" {
	for rule in 'host_version(kernel, &major, &minor);' 'if (since(facts, 5, 17))' 'if (facts->major == 5)' 'if (facts.minor < 14)'; do
		echo "$rule" >vmm/vm/vcpu.c
		run "$lint" --kernel-rules "$PWD/vmm"
		echo "$rule: $output"
		[[ $status == 1 && $output == *"vm/vcpu.c:1:$rule"* ]]
	done
}

@test "payload: an include against the order that guest/main.c gives is refused and named" {
	mkdir guest
	printf ' * tests/lint checks that:\n * tree memory cpu main\n' >guest/main.c
	echo '#include "cpu.h"' >>guest/main.c
	printf '#include "memory.h"\n#include "tree.h"\n#include <libfdt.h>\n' >guest/memory.c
	printf '#include "minivmm_abi.h"\n' >guest/tree.c
	run "$lint" --payload "$PWD/guest"
	echo "$output"
	[[ $status == 0 && -z $output ]]
	echo '#include "memory.h"' >>guest/tree.c
	run "$lint" --payload "$PWD/guest"
	echo "$output"
	[[ $status == 1 && $output == 'tree.c:#include "memory.h"' ]]
}

@test "payload: a file that the order does not name, and a missing order, are refused" {
	mkdir guest
	printf ' * tests/lint checks that:\n * tree main\n' >guest/main.c
	echo '#include "tree.h"' >guest/new.c
	run "$lint" --payload "$PWD/guest"
	[[ $status == 1 && $output == *new.c* ]]
	rm guest/new.c
	echo '#include "tree.h"' >guest/main.c
	run "$lint" --payload "$PWD/guest"
	[[ $status == 1 && $output == *'no order'* ]]
}

@test "excuses: a call that may fail unseen is one function's; of none or of two it is refused and named" {
	printf 'static int set(int fd)\n{\n\treturn syscall(fd);\n}\n\nint other(void)\n{\n\treturn read(0);\n}\n' >vmm/vm/vcpu.c
	printf 'static int set(int fd)\n{\n\treturn sys(fd);\n}\n' >vmm/base/err.c
	run "$lint" --excuses "$PWD/vmm" <<<'{ "syscall", "set" }, { "close", NULL },'
	echo "$output"
	[[ $status == 0 && -z $output ]]
	run "$lint" --excuses "$PWD/vmm" <<<'{ "read", "set" },'
	[[ $status == 1 && $output == '{ "read", "set" }: 0 functions' ]]
	sed -i 's/sys(/syscall(/' vmm/base/err.c
	run "$lint" --excuses "$PWD/vmm" <<<'{ "syscall", "set" }, { "read", "other" }'
	[[ $status == 1 && $output == '{ "syscall", "set" }: 2 functions' ]]
	run "$lint" --excuses "$PWD/vmm" <<<'no table'
	[[ $status == 1 && $output == "no rows" ]]
}
