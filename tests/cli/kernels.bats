# SPDX-License-Identifier: GPL-2.0-only
# minivmm kernels: a list of kernels is read with all of its errors, and each kernel has its row.

load vmm

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir -p x86
	# A multiboot header alone is a kernel; nothing runs it here.
	printf '\t.globl _start\n_start:\t.long 0x1badb002, 0, -0x1badb002\n' | as --32 -o one.o
	ld -m elf_i386 -n -Ttext=0x400000 -o x86/one.flat one.o
}

@test "kernels: every line's errors at once, with their lines, and nothing runs" {
	cat >x86/list <<-'END'
		# a comment
		one.flat guest.args="a b" vm.vcpuss=2

		one.flat what
		gone.flat
		list
		one.flat guest.args="a
	END
	vmm kernels x86/list "$top/configs/multiboot.ini"
	[[ $status == 2 ]]
	grep -q '^x86/list:4: after the kernel only overrides SECTION.KEY=VALUE may follow$' stderr
	grep -q '^x86/list:7: a quote is not closed$' stderr
	sed -i '/what$/d; /"a$/d' x86/list
	vmm kernels x86/list "$top/configs/multiboot.ini"
	[[ $status == 2 && ! -s stdout ]]
	grep -q '^x86/list:2: .*vm.vcpuss: 2: ' stderr
	grep -q '^x86/list:4: guest.kernel: open(x86/gone.flat): No such file or directory$' stderr
	grep -q '^x86/list:5: guest.kernel: it is no ELF file, and has no multiboot header ' stderr
}

@test "kernels: usage errors" {
	vmm kernels x86/list
	[[ $status == 2 ]]
	vmm kernels nowhere "$top/configs/multiboot.ini"
	[[ $status == 2 ]]
	grep -q '^nowhere: No such file or directory$' stderr
	: >empty
	vmm kernels empty "$top/configs/multiboot.ini"
	[[ $status == 2 ]]
	grep -q '^empty: it lists no kernel$' stderr
	echo x86/one.flat >list
	vmm kernels list "$top/configs/transition.ini"
	[[ $status == 2 ]]
	vmm kernels list -
	[[ $status == 2 ]]
}

@test "kernels: where KVM can't be used every kernel is skipped, in every format" {
	printf 'x86/one.flat guest.args="a b"\n%s/x86/one.flat\n' "$PWD" >list
	vmm kernels list "$top/configs/multiboot.ini" vm.device=/nonexistent -o kernels.json
	[[ $status == 4 ]]
	[[ $(head -n 1 stdout) == "Kernels, each in a VM of its own; kernel $(uname -r)" ]]
	grep -q '^ *one.flat a b  *skip' stdout
	grep -q 'one.flat a b: open(/nonexistent): No such file or directory' stdout
	jq -e '.schema == "minivmm.kernels/1" and .exit_status == 4 and [.kernels[].name] == ["one.flat a b", "one.flat"]' kernels.json
	jq -e '.kernels[0] | .result == "skip" and .exit_status == null and .rmap_state == null and .duration_ns == null' kernels.json
	vmm kernels list "$top/configs/multiboot.ini" vm.device=/nonexistent --format ktap
	[[ $(grep -c '^ok [12] one.flat.* # SKIP open(/nonexistent)' stdout) == 2 && $(head -n 2 stdout) == $'KTAP version 1\n1..2' ]]
	vmm kernels list "$top/configs/multiboot.ini" vm.device=/nonexistent --format csv
	[[ $(wc -l <stdout) == 3 ]]
}

@test "kernels: with --runs each row says how many of the kernel's runs passed" {
	echo x86/one.flat >list
	vmm kernels list "$top/configs/multiboot.ini" vm.device=/nonexistent --runs 2 -o kernels.json
	[[ $status == 4 ]]
	grep -q '^ *one.flat  *skip (0 of 2 passed) ' stdout
	jq -e '.kernels | length == 1 and .[0].runs == ["skip", "skip"]' kernels.json
	jq '.kernels[0] += {result: "fail", runs: ["pass", "fail", "pass"]}' kernels.json >some.json
	vmm report show some.json --format text
	grep -q '^ *one.flat  *fail (2 of 3 passed) ' stdout
}

@test "kernels: KTAP says what a kernel printed before a result that is no pass" {
	jq '.kernels[1].console = "PASS: all\n" | .kernels[3].console = "PASS: one\nFAIL: two\n"' "$top/tests/fixtures/kernels.json" >kernels.json
	vmm report show kernels.json --format ktap
	[[ $status == 0 ]]
	[[ $(tail -n 5 stdout) == "# time "*$'\n# console: PASS: one\n#   FAIL: two\n# phase run: the guest exited with status 1 (a test failed), expected was 0\nnot ok 4 kernel.flat exit' ]]
	! grep -q 'PASS: all' stdout || return 1
}
