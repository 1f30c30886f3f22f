#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the program is built with: ./minivmm, as `make` makes it.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	program=$top/minivmm
	cd "$BATS_TEST_TMPDIR" || return
}

# has REGEX FILE: FILE has such a line.
has() {
	grep -qE -e "$1" "$2" || { tail -c 2000 "$2"; return 1; }
}

lacks() {
	! grep -E -e "$1" "$2" || return 1
}

@test "the program is position-independent, with full RELRO and no executable stack" {
	[[ -x $program ]] || skip "there is no ./minivmm: make"
	readelf -hldW "$program" >elf
	has 'Type: +DYN' elf
	has 'FLAGS_1.*PIE' elf
	has 'FLAGS_1.*NOW' elf
	has 'GNU_RELRO' elf
	has 'GNU_STACK .* RW +0x' elf
	lacks 'TEXTREL|RWE|RPATH|RUNPATH' elf
}

@test "the program has stack protectors, checked calls of libc and marked jump targets" {
	[[ -x $program ]] || skip "there is no ./minivmm: make"
	readelf --dyn-syms -W "$program" >symbols
	has '__stack_chk_fail' symbols
	has '__snprintf_chk' symbols
	objdump -d --disassemble=main "$program" >main
	has 'endbr64' main
}

@test "the lab's static program has the libraries that the other one has" {
	"$top/minivmm" --version >dynamic
	"$top/build/static/minivmm" --version >static
	cmp dynamic static
}

@test "a packager's CPPFLAGS, CFLAGS and LDFLAGS come last" {
	make -C "$top" -nB minivmm CPPFLAGS=-DPACKAGER CFLAGS='-O1 -fno-stack-clash-protection' LDFLAGS=-Wl,-z,lazy >commands
	has ' -c vmm/cmd/main\.c ' commands
	has '-fstack-clash-protection.* -DPACKAGER -O1 -fno-stack-clash-protection .*-c vmm/cmd/main\.c' commands
	has '-z,now.* -O1 -fno-stack-clash-protection -Wl,-z,lazy .* -o minivmm' commands
}

@test "_FORTIFY_SOURCE is left to a packager, and left out where it would harm" {
	make -C "$top" -nB minivmm CPPFLAGS=-D_FORTIFY_SOURCE=2 | grep 'vmm/cmd/main\.c' >commands
	has '_FORTIFY_SOURCE=2' commands
	lacks '_FORTIFY_SOURCE=3' commands
	make -C "$top" -nB minivmm CFLAGS=-O0 | grep 'vmm/cmd/main\.c' >commands
	has '-O0' commands
	lacks 'D_FORTIFY_SOURCE' commands
	make -C "$top" -nB SANITIZE=1 all | grep 'vmm/cmd/main\.c' >commands
	lacks 'D_FORTIFY_SOURCE' commands
	has '-U_FORTIFY_SOURCE' commands
	make -C "$top" -n faults-lab-build >commands
	has 'PLACES=.*-U_FORTIFY_SOURCE' commands
}

@test "two builds in different folders are the same" {
	local folder objects=(build/vmm/base/save.o build/vmm/cmd/main.o build/vmm/vm/payload_image.o)
	for folder in one another/folder; do
		mkdir -p $folder
		cp -r "$top/Makefile" "$top/vmm" "$top/guest" "$top/include" $folder
		mkdir -p $folder/tests
		cp -r "$top"/tests/{Makefile.inc,fuzz,faults} $folder/tests
		env -u MAKEFLAGS CCACHE_DISABLE=1 make -s -C $folder "${objects[@]}" >log 2>&1 || { cat log; return 1; }
	done
	for object in "${objects[@]}"; do
		cmp one/"$object" another/folder/"$object"
	done
	lacks "$BATS_TEST_TMPDIR" one/build/vmm/base/save.o
}
