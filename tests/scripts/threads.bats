# SPDX-License-Identifier: GPL-2.0-only
# Every command that a host without KVM takes, with ThreadSanitizer; tests/native/run has those that make VMs.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	[[ -x $top/build/thread/minivmm ]] || skip "there is no build/thread/minivmm: make SANITIZE=thread all"
	cd "$BATS_TEST_TMPDIR" || exit
	fixtures=$top/tests/fixtures config=$top/configs/transition.ini
	# TSan does not know every layout of address space that a kernel may choose at random.
	fixed=()
	! setarch -R true 2>/dev/null || fixed=(setarch -R)
}

# clean ARGUMENT...: no race, and an exit status of minivmm's own.
clean() {
	local status=0
	"${fixed[@]}" "$top/build/thread/minivmm" "$@" >stdout 2>stderr </dev/null || status=$?
	[[ $status -le 4 ]] && ! grep -E 'ThreadSanitizer' stdout stderr || {
		echo "$* (exit status $status)"
		cat stderr
		return 1
	}
}

@test "a race is seen: ThreadSanitizer works here" {
	cat >race.c <<-'END'
		#include <pthread.h>
		static int shared;
		static void *add(void *unused) { for (int i = 0; i < 1000; i++) shared++; return unused; }
		int main(void) { pthread_t one; pthread_create(&one, 0, add, 0); add(0); pthread_join(one, 0); return 0; }
	END
	${CC:-gcc} -g -fsanitize=thread -pthread -o race race.c
	"${fixed[@]}" ./race 2>stderr && return 1
	grep -q 'ThreadSanitizer: data race' stderr
}

@test "run, smoke, sweep, kernels and headroom have no race" {
	printf '\t.globl _start\n_start:\t.long 0x1badb002, 0, -0x1badb002\n' | as --32 -o one.o
	ld -m elf_i386 -n -Ttext=0x400000 -o one.flat one.o
	echo one.flat >list
	for device in /nonexistent /dev/null; do
		clean "$config" vm.device=$device -o report.json
		clean "$config" vm.device=$device -v --progress plain --runs 2 --trace
		clean "$top/configs/stress-short.ini" vm.device=$device -o report.jsonl
		clean smoke vm.device=$device
		clean smoke --deep vm.device=$device -o smoke.json
		clean kernels list "$top/configs/multiboot.ini" vm.device=$device -o kernels.json
		clean headroom "$config" vm.device=$device
	done
	[[ -e /dev/kvm ]] || clean sweep --sizes 64M --slots 1,2 -v -o sweep.json
}

@test "plan, init, stat, report, list and help have no race" {
	for command in "plan $config --kernel all" "plan qemu:$fixtures/machines/qemu-q35.mtree" \
		"plan firecracker:$fixtures/machines/firecracker.json --print-config" "plan --pid $$" init stat "stat --predict" \
		"report show $fixtures/report.json" "report show $fixtures/stat.json --format prom" \
		"report diff $fixtures/report.json $fixtures/report.json" "report merge $fixtures/report.json" \
		"report html $fixtures/report.json -o page.html" "report plot $fixtures/report.json -o plot.svg" \
		"list keys -v" help version; do
		# shellcheck disable=SC2086 # words
		clean $command
	done
}
