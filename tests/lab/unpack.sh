# SPDX-License-Identifier: GPL-2.0-only
# Unpacks a kernel here, because the emulated CPU is slow.
# shellcheck shell=bash

# The compressed kernel within a bzImage, and after it its size (Documentation/arch/x86/boot.rst, payload_offset).
unpack__payload() { # VMLINUZ
	local sectors offset length
	sectors=$(od -An -tu1 -j 0x1f1 -N 1 "$1")
	read -r offset length < <(od -An -tu4 -j 0x248 -N 8 "$1")
	dd if="$1" iflag=skip_bytes,count_bytes skip=$(((sectors + 1) * 512 + offset)) count=$((length - 4)) status=none
}

# Unpacks its ELF, which must have a PVH entry.
unpack__kernel() { # VMLINUZ TO
	local unpack
	case $(unpack__payload "$1" 2>/dev/null | od -An -tx1 -N 4 | tr -d ' ') in
	28b52ffd) unpack=zstd ;;
	02214c18) unpack=lz4 ;;
	fd377a58) unpack=xz ;;
	*) return 1 ;;
	esac
	unpack__payload "$1" | "$unpack" -dcq >"$2" && [[ $(unpack__entry "$2") ]]
}

# The physical address of the PVH entry: note XEN_ELFNOTE_PHYS32_ENTRY.
unpack__entry() { # ELF > 0x1000b20, or nothing
	readelf -nW "$1" 2>/dev/null |
		sed -nE '/0x00000012/{s/.*description data: //;tn;n;s/.*description data: //;:n;s/^(..) (..) (..) (..) .*/0x\4\3\2\1/p}'
}
