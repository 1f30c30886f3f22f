# SPDX-License-Identifier: GPL-2.0-only
# A filter, such as a container's, denies one system call at a time of each command that needs no KVM (tests/e2e/denied.bats: of
# those that do): a clear error, or the command does without it.

compile() { # PROGRAM [OPTION...]
	${CC:-gcc} -D_GNU_SOURCE -O2 -Wall -Werror -DSYSCALL_NAMES="\"$top/build/syscall_names.h\"" "${@:2}" \
		-o "$1" "$top/tests/faults/denied.c" -ljansson
}

setup_file() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	[[ -x $top/build/static/minivmm ]] || skip "there is no build/static/minivmm: make build/static/minivmm"
	# A copy: make may link it anew meanwhile.
	cp "$top/build/static/minivmm" "$BATS_FILE_TMPDIR"
	compile "$BATS_FILE_TMPDIR/denied"
	printf '\t.globl _start\n_start:\t.long 0x1badb002, 0, -0x1badb002\n' | as --32 -o "$BATS_FILE_TMPDIR/one.o"
	ld -m elf_i386 -n -Ttext=0x400000 -o "$BATS_FILE_TMPDIR/one.flat" "$BATS_FILE_TMPDIR/one.o"
	echo one.flat >"$BATS_FILE_TMPDIR/list"
}

# denied STATUS ERRNO COMMAND...
denied() {
	"$BATS_FILE_TMPDIR/denied" "$3" "$1" "$2" "$BATS_FILE_TMPDIR/minivmm" "${@:3}"
}

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	report=$top/tests/fixtures/report.json
	# sweep and stat can't be told of another device: what they end with depends on this host and on who runs them.
	kvm=4
	[[ ! -e /dev/kvm ]] || kvm=0,4
}

@test "run, smoke, sweep and kernels without KVM" {
	denied 4 both run "$top/configs/transition.ini" vm.device=/nonexistent -o out.json
	denied 4 EPERM smoke vm.device=/nonexistent -o out.json
	denied "$kvm" ENOSYS sweep --sizes 64M --slots 1 -o out.json
	denied 4 EPERM kernels "$BATS_FILE_TMPDIR/list" "$top/configs/multiboot.ini" vm.device=/nonexistent -o out.json
}

@test "plan, init, stat and headroom" {
	denied 0 both plan "$top/configs/transition.ini" --kernel all -o out.json
	denied 0 EPERM plan "qemu:$top/tests/fixtures/machines/qemu-microvm.mtree"
	denied 4 EPERM plan --pid 1
	denied 0 ENOSYS init
	denied "$kvm" both stat -o out.json
	denied 3 EPERM headroom "$top/configs/transition.ini" vm.device=/nonexistent -o out.json
}

@test "report, list and help" {
	denied 0 both report show "$report" -o out.json
	denied 0 EPERM report diff "$report" "$report" -o out.json
	denied 0 ENOSYS report merge "$report" "$report" -o out.json
	# A page is known by its end, whatever its name is.
	denied 0 EPERM report html "$report" -o out.json
	denied 0 EPERM list keys
	denied 0 EPERM help
}

@test "a command that hangs although nothing is denied fails, with a line of TAP" {
	compile "$BATS_TEST_TMPDIR/denied" -DBASE_S=1
	run "$BATS_TEST_TMPDIR/denied" sleep 0 EPERM "$(command -v sleep)" 100
	[ "$status" = 1 ]
	[ "$output" = "not ok - it hangs, and nothing is denied" ]
}
