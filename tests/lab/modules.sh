# SPDX-License-Identifier: GPL-2.0-only
# Copies kvm's modules, and the modules that they need, from a /lib/modules/VERSION.
# shellcheck shell=bash

modules__unpack() { # FILE > plain .ko
	case $1 in
	*.ko) cat "$1" ;;
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) return 1 ;;
	esac
}

modules__depends() { # FILE.ko: the names its modinfo section lists
	tr '\0' '\n' <"$1" | sed -n 's/^depends=//p' | tr ',' ' '
}

# Depth first, so that the order file lists every module after the ones it needs.
modules__add() { # NAME FROM TO ORDER
	local from=$2 to=$3 order=$4 file dependency
	# A module's name and its file's name may differ in - and _.
	file=$(find "$from" -name "${1//[-_]/[-_]}.ko*" -print -quit)
	[[ $file ]] || return 0 # built in, or this kernel has no such module
	local name=${file##*/}
	name=${name%%.ko*}
	grep -qsx "$name" "$order" && return 0

	modules__unpack "$file" >"$to/$name.ko" || return
	for dependency in $(modules__depends "$to/$name.ko"); do
		modules__add "$dependency" "$from" "$to" "$order" || return
	done
	# What the emulated CPU need not read, relocate or verify: type information, and the signature, which strip drops. With
	# LAB_SIGNED the module stays as it is.
	[[ ${LAB_SIGNED:-} ]] || strip --strip-debug --remove-section=.BTF --remove-section=.BTF.base "$to/$name.ko" || return
	echo "$name" >>"$order"
}

# Leaves TO/*.ko and, per vendor, TO/kvm-VENDOR.order: the names in the order in which to load them. TO/swap has the same of
# zram, for hosts with swap.
modules__collect() { # FROM TO
	local vendor
	mkdir -p "$2/swap"
	: >"$2/swap/order"
	modules__add zram "$1" "$2/swap" "$2/swap/order" || return
	for vendor in amd intel; do
		modules__add "kvm-$vendor" "$1" "$2" "$2/kvm-$vendor.order" || return
	done
	[[ -e $2/kvm.ko ]]
}
