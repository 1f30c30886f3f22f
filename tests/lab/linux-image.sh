# SPDX-License-Identifier: GPL-2.0-only
# A Linux for VMs in the emulated host (configs/linux-nested.ini): /linux/kernel is the host's own or LAB_LINUX
# (/linux/bzImage: packed), /linux/initrd has busybox, kvm's modules, minivmm, and a guest for it to run. /linux/initrd-qemu has
# QEMU besides (configs/linux-qemu.ini).
# shellcheck shell=bash
# shellcheck disable=SC2154 # settings: run and lib.sh

# Does the config say payload = linux?
linux_image__is_for() { # CONFIG
	grep -qE '^payload[[:space:]]*=[[:space:]]*linux' "$1"
}

# Is QEMU wanted there, which is large? A config's command says so, or --program.
linux_image__wants_qemu() {
	[[ " ${programs[*]} " == *" qemu-system-x86_64 "* ]] ||
		{ [[ $config ]] && grep -q 'qemu-system-x86_64' "$config"; }
}

# Firmware that has QEMU end with exit status 33: in 16 bits, mov $16, %al; out %al, $0xf4 (isa-debug-exit); hlt.
linux_image__firmware() {
	head -c 65520 /dev/zero
	printf '\260\020\346\364\364\353\375'
	head -c 9 /dev/zero
}

linux_image__add_qemu() { # ROOT L1
	image__add_program "$2" "$(command -v qemu-system-x86_64)" qemu-system-x86_64 || return
	linux_image__firmware >"$2/exit-33.bin"
	image__pack "$2" >"$1/linux/initrd-qemu"
}

linux_image__small_config() {
	printf '%s\n' '[memslot.low]' 'base = 0' 'size = 64M' '[phase.boot]' 'do = boot' 'expect = lazy' \
		'[phase.transition]' 'do = l2' 'touch = 1M' 'expect = allocated'
}

# In modprobe's list, each module needs all those before it in the order of loading; it loads the last one first.
linux_image__modules() { # FOLDER MODULES RELEASE
	local vendor folder=$1/usr/lib/modules/$3 module needs
	mkdir -p "$folder"
	cp "$2"/*.ko "$folder"
	for vendor in amd intel; do
		needs=''
		while read -r module; do
			echo "$module.ko:$needs"
			needs=" $module.ko$needs"
		done <"$2/kvm-$vendor.order"
	done | sort -u >"$folder/modules.dep"
}

linux_image__add() { # ROOT VMLINUZ MODULES
	local l1=$work/l1 applet
	mkdir -p "$l1"/{usr/bin,usr/lib,dev,proc,sys,tmp} "$1/linux"
	ln -s usr/bin usr/lib "$l1"
	ln -s usr/bin "$l1/sbin"
	for applet in $(busybox --list); do
		ln -s busybox "$l1/usr/bin/$applet"
	done
	rm -f "$l1/usr/bin/busybox"
	image__add_program "$l1" "$(command -v busybox)" busybox || return
	image__add_program "$l1" "$minivmm" minivmm || return
	image__add_program "$l1" "$lab_cache/hold-vm" hold-vm || return
	linux_image__modules "$l1" "$3" "$(kernel__release "$2")" || return
	linux_image__small_config >"$l1/small.ini"
	printf '%s\n' '#!/bin/sh' 'exec poweroff -f' >"$l1/init"
	chmod 755 "$l1/init"
	image__pack "$l1" >"$1/linux/initrd" || return
	! linux_image__wants_qemu || linux_image__add_qemu "$1" "$l1" || return
	cp "$2" "$1/linux/bzImage" || return
	unpack__kernel "$2" "$1/linux/kernel" || cp "$2" "$1/linux/kernel"
}
