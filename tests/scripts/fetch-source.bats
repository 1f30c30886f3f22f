# SPDX-License-Identifier: GPL-2.0-only
# Which of Debian's packages a kernel's source and build programs come from. Scripts stand for apt, and small packages for its archive.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	work=$BATS_TEST_TMPDIR
	export LAB_CACHE=$work/cache LAB_ARCHIVE=file:///nowhere LAB_KEYRING=$work/keyring ARCHIVE=$work/archive
	mkdir "$work/bin" "$ARCHIVE"
	: >"$LAB_KEYRING"
	cat >"$work/bin/apt-get" <<-'END'
		#!/bin/bash
		while [[ $1 == -* ]]; do [[ $1 == -c ]] && shift; shift; done
		[[ $1 == download && $2 != --print-uris ]] || exit 0
		for package in "${@:2}"; do
			cp "$ARCHIVE/${package%%=*}"_* .
		done
	END
	cat >"$work/bin/apt-cache" <<-'END'
		#!/bin/bash
		while [[ $1 == -* ]]; do [[ $1 == -c ]] && shift; shift; done
		case $1 in
		pkgnames) for file in "$ARCHIVE/$2"*; do [[ ! -e $file ]] || basename "${file%%_*}"; done ;;
		--no-all-versions) dpkg-deb -f "$ARCHIVE/$3"_*.deb ;;
		esac
	END
	chmod +x "$work"/bin/*
	PATH=$work/bin:$PATH
}

# package NAME [DEPENDS]: packs the folder $work/NAME
package() {
	mkdir -p "$work/$1/DEBIAN"
	printf 'Package: %s\nVersion: 1-1\nArchitecture: all\nMaintainer: nobody\nDescription: x\n%s' "$1" "${2:+Depends: $2
}" >"$work/$1/DEBIAN/control"
	dpkg-deb -b "$work/$1" "$ARCHIVE/$1_1-1_all.deb" >/dev/null
}

# kernel RELEASE SERIES PROGRAMS: all that belongs to it; its headers lead to the programs in linux-kbuild-PROGRAMS
kernel() {
	local headers=$work/linux-headers-$1 common=linux-headers-${1%-cloud-amd64}-common source=$work/linux-source-$2/usr/src
	mkdir -p "$headers/usr/src/linux-headers-$1" "$work/$common/usr/src/$common" "$source/linux-source-$2"
	ln -s "../../lib/linux-kbuild-$3/scripts" "$headers/usr/src/linux-headers-$1/scripts"
	(
		cd "$source/linux-source-$2" || exit
		mkdir -p arch/x86/kvm include scripts tools usr virt
		touch Makefile Kbuild arch/x86/kvm/x86.c
	)
	tar -C "$source" -cJf "$source/linux-source-$2.tar.xz" "linux-source-$2"
	package "linux-headers-$1" "$common (= 1-1)"
	package "$common"
	package "linux-source-$2"
}

# programs NAME OBJTOOL: a package linux-kbuild-NAME, whose programs run here
programs() {
	local folder=$work/linux-kbuild-$1/usr/lib/linux-kbuild-$1
	mkdir -p "$folder/scripts/mod" "$folder/tools/objtool"
	cp /bin/true "$folder/scripts/mod/modpost"
	cp /bin/true "$folder/tools/objtool/$2"
	package "linux-kbuild-$1"
}

# Where the headers' link to the build programs leads.
has_programs() { # FOLDER RELEASE
	[[ -x $1/headers/usr/src/linux-headers-$2/scripts/mod/modpost && -e $1/linux/arch/x86/kvm/x86.c ]]
}

@test "Debian 12 names the build programs after the series" {
	kernel 6.1.0-9-cloud-amd64 6.1 6.1
	programs 6.1 objtool
	run "$top/tests/lab/fetch-source" 6.1.0-9-cloud-amd64
	echo "$output"
	[[ $status == 0 ]]
	has_programs "${lines[-1]}" 6.1.0-9-cloud-amd64
}

@test "Debian 13 names them after the release; those of another one do as well" {
	kernel 6.12.9+deb13-cloud-amd64 6.12 6.12.9+deb13
	programs 6.12.7+deb12 objtool.real-x86
	run "$top/tests/lab/fetch-source" 6.12.9+deb13-cloud-amd64
	echo "$output"
	[[ $status == 0 ]]
	has_programs "${lines[-1]}" 6.12.9+deb13-cloud-amd64
}

@test "where none runs here the skip says what it lacks, and where there is none that" {
	kernel 6.1.0-9-cloud-amd64 6.1 6.1
	run "$top/tests/lab/fetch-source" 6.1.0-9-cloud-amd64
	[[ $status == 4 && $output == *"no linux-kbuild of 6.1 runs here: "*" has none"* ]]
	programs 6.1 something
	run "$top/tests/lab/fetch-source" 6.1.0-9-cloud-amd64
	[[ $status == 4 && $output == *"linux-kbuild-6.1 lacks an objtool => not found"* ]]
	programs 6.1 objtool
	printf '#!/bin/sh\necho "	libelf.so.1 => not found"\n' >"$work/bin/ldd"
	chmod +x "$work/bin/ldd"
	run "$top/tests/lab/fetch-source" 6.1.0-9-cloud-amd64
	echo "$output"
	[[ $status == 4 && $output == *"linux-kbuild-6.1 lacks libelf.so.1 => not found"* ]]
}
