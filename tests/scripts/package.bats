# SPDX-License-Identifier: GPL-2.0-only
# What make install, uninstall, deb and dist make.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	[[ -x $top/minivmm ]] || skip "there is no ./minivmm: make"
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "make uninstall takes away what make install has put there, and nothing else" {
	mkdir -p root/opt/bin root/opt/share/doc/other
	touch root/opt/bin/other root/opt/share/doc/other/file
	find root ! -type d | sort >before
	make -s -C "$top" install DESTDIR="$PWD/root" PREFIX=/opt
	[[ $(root/opt/bin/minivmm version) == "minivmm 0.2.0"* ]]
	[[ -s root/opt/share/bash-completion/completions/minivmm && -s root/opt/share/doc/minivmm/README.md ]]
	# What the page about fleets names is there.
	for file in "$top"/docs/fleet/*; do
		cmp "$file" "root/opt/share/doc/minivmm/fleet/${file##*/}"
	done
	make -s -C "$top" uninstall DESTDIR="$PWD/root" PREFIX=/opt
	find root ! -type d | sort | diff before -
}

@test "make deb: a package that dpkg installs, runs and purges; lintian has no complaint" {
	command -v dpkg-deb >/dev/null && command -v dpkg-shlibdeps >/dev/null || skip "no dpkg-dev here"
	command -v scdoc >/dev/null || skip "no scdoc here"
	package=$(make -s -C "$top" deb BUILD=build | tail -n 1)
	package=$top/$package
	mkdir -p root/var/lib/dpkg/{info,updates}
	touch root/var/lib/dpkg/{status,available}
	dpkg --root="$PWD/root" --force-depends --force-script-chrootless --log=/dev/null -i "$package" >log 2>&1 || { cat log; false; }
	[[ $(root/usr/bin/minivmm version) == "minivmm 0.2.0"* ]]
	zcat root/usr/share/man/man1/minivmm.1.gz | grep -q '/usr/share/minivmm/configs'
	! zcat root/usr/share/man/man1/minivmm.1.gz | grep -q 'usr/local' || return 1
	root/usr/bin/minivmm plan root/usr/share/minivmm/configs/transition.ini --kernel 6.12 | grep -q '^PLAN: a VM of 64 GiB'
	bash -c '. root/usr/share/bash-completion/completions/minivmm && complete -p minivmm' | grep -q _minivmm
	# It has no scripts: nothing runs on the host.
	dpkg-deb --ctrl-tarfile "$package" | tar -t | sort >control
	[[ $(tr '\n' ' ' <control) == "./ ./control ./md5sums " ]]
	dpkg --root="$PWD/root" --force-script-chrootless --log=/dev/null --purge minivmm >log 2>&1 || { cat log; false; }
	[[ ! $(find root -name '*minivmm*') ]]
	! command -v lintian >/dev/null || [[ ! $(lintian --allow-root "$package" 2>&1) ]] || { lintian --allow-root "$package"; return 1; }
}

@test "make dist: the committed tree, in a folder with the version" {
	git -C "$top" rev-parse HEAD >/dev/null 2>&1 || skip "no git repository here"
	tarball=$top/$(make -s -C "$top" dist | tail -n 1)
	tar -tzf "$tarball" | sed 's|^minivmm-0.2.0/||; /\/$/d; /^$/d' | sort >there
	git -C "$top" ls-tree -r --name-only HEAD | sort | diff - there
	tar -xzf "$tarball"
	make -s -C minivmm-0.2.0 help | grep -q '^make deb '
	make -C minivmm-0.2.0 -n | grep -q ' -o minivmm'
}

@test "other distributions: setup names their packages" {
	local os
	for os in "ID=fedora" "ID=rocky\nID_LIKE='rhel centos fedora'" "ID=opensuse-leap\nID_LIKE='suse opensuse'" "ID=arch"; do
		printf '%b\n' "$os" >os-release
		SETUP_OS=$PWD/os-release "$top/tests/setup" --elsewhere >>said
	done
	[[ $(sed -n 1p said) == "dnf install gcc glibc-devel make binutils kernel-headers libfdt-devel iniparser-devel "* ]]
	[[ $(sed -n 2p said) == "$(sed -n 1p said)" ]]
	[[ $(sed -n 3p said) == "zypper install "*" libiniparser-devel "*" libtracefs-devel "* ]]
	[[ $(sed -n 4p said) == "pacman -S "*" dtc iniparser jansson libtracefs libtraceevent libbpf pkgconf" ]]
	! grep -E -- '-dev( |$)' said || return 1
}

@test "every source file says its license" {
	[[ -e $top/.git ]] || skip "no git repository here"
	cd "$top"
	git ls-files | grep -vE '\.(md|json|jsonl|svg|out|expect|report|lab|patch)$|^(COPYING|\.gitignore|\.clang-format)$|^tests/(fixtures|golden|broken|fuzz/corpus)/' |
		xargs grep -L SPDX-License-Identifier >"$BATS_TEST_TMPDIR/lacks" || true
	diff /dev/null "$BATS_TEST_TMPDIR/lacks"
}
