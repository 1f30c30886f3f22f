# SPDX-License-Identifier: GPL-2.0-only
# Builds the initramfs of the emulated host: busybox, kvm's modules, minivmm and the files of one run.
# shellcheck shell=bash
# shellcheck disable=SC2154 # settings: run, lib.sh and the emulator's file

# Copies a program, and its libraries if it is not static.
image__add_program() { # ROOT FILE NAME
	local library
	install -m 755 "$2" "$1/usr/bin/$3" || return
	for library in $(ldd "$2" 2>/dev/null | grep -o '/[^ ]*'); do
		install -D "$library" "$1$library" || return
	done
}

# Copies a file or folder to /work, under its own name or the name given.
image__add() { # ROOT PATH[:NAME]
	local path=${2%%:*} name=${2#*:}
	[[ $2 == *:* ]] || name=$(basename "$path")
	[[ $name == /* ]] || name=/work/$name
	mkdir -p "$1$(dirname "$name")" && cp -rL "$path" "$1$name"
}

# In the guest the config has the path that was given here, so that includes and messages are the same.
image__add_config() { # ROOT CONFIG
	local path=$2 folder
	[[ $path == /* ]] || path=/work/$path
	path=$(realpath -ms "$path")
	folder=$1${path%/*}
	mkdir -p "$folder"
	find -L "$(dirname "$2")" -maxdepth 1 -name '*.ini' -type f -readable -exec cp -L -t "$folder" {} +
	cp -L "$2" "$folder/${path##*/}"
}

# Makes the guest's folders, and the files that are the same in every run of a kernel.
image__make() { # ROOT MODULES
	mkdir -p "$1"/{usr/{bin,lib,lib64},dev,etc,lab,pass/out,proc,run,sys,work/configs}
	ln -s usr/bin usr/lib usr/lib64 pass/out work/configs "$1"
	ln -s usr/bin "$1/sbin"
	cp -r "$2" "$1/modules"
	[[ ${LAB_SWAP:-} ]] || rm -rf "$1/modules/swap"
	[[ $(type -t emulator__strip) != function ]] || emulator__strip "$1/modules" || return
	install -m 755 "$lab_dir/guest/init" "$1/init"
	install -m 755 -t "$1/usr/bin" "$lab_dir"/guest/{as-user,reload-kvm,swap-on}
	image__add_program "$1" "$(command -v busybox)" busybox
	[[ ! -d $lab_top/configs ]] || cp -rL "$lab_top/configs/." "$1/work/configs"
}

# Builds a program for the guest, once. Two suites may do so at the same time: each has a file of its own until the rename.
image__add_holder() { # ROOT
	local holder=$lab_cache/hold-vm new
	if [[ ! $holder -nt $lab_dir/hold-vm.c ]]; then
		new=$(mktemp "$holder.XXXXXX") || return
		# shellcheck disable=SC2086 # CC may be several words: ccache gcc
		${CC:-gcc} -O2 -Wall -static -o "$new" "$lab_dir/hold-vm.c" && mv "$new" "$holder" || {
			rm -f "$new"
			return 1
		}
	fi
	image__add_program "$1" "$holder" hold-vm
}

# Writes the settings that guest/init and reload-kvm read. A parameter without a module's name is kvm's in KVM_ARGS, and the
# vendor's in MODPARAMS; one of the other vendor's module is left out.
image__settings() {
	local kvm='' vendors='nested=1' one
	for one in ${KVM_ARGS:-}; do
		kvm+="${one#kvm.} "
	done
	for one in ${MODPARAMS:-}; do
		one=${one/#kvm-/kvm_}
		case $one in
		kvm.*) kvm+="${one#kvm.} " ;;
		"kvm_$vendor".*) vendors+=" ${one#*.}" ;;
		kvm*.*) ;;
		*) vendors+=" $one" ;;
		esac
	done
	printf "%s='%s'\n" VENDOR "$vendor" KVM_PARAMETERS "${kvm//\'/}" VENDOR_PARAMETERS "${vendors//\'/}" HOLD "${LAB_HOLD:-$emulator_hold}" \
		PORT_STDOUT "${emulator_ports[0]}" PORT_STDERR "${emulator_ports[1]}" PORT_RESULT "${emulator_ports[2]}"
}

image__pack() { # ROOT > cpio archive, uncompressed because the emulated CPU is slow
	chmod -R a+rX "$1"
	(cd "$1" && find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet)
}
