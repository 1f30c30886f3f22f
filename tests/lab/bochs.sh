# SPDX-License-Identifier: GPL-2.0-only
# A host in Bochs, which is slower than QEMU but has VMX. The file that sources this one sets bochs_model.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with those who source this

# shellcheck source=unpack.sh
. "$lab_dir/unpack.sh"

bochs_share=${LAB_BOCHS_SHARE:-/usr/share/bochs}
# Instructions per second of the guest's time. The real speed is about this, on a machine of 2020.
bochs_ips=50000000

emulator_needs=('bochs-bin bochs' "$bochs_share/BIOS-bochs-latest bochsbios" "$bochs_share/VGABIOS-lgpl-latest vgabios" 'zstd zstd' 'lz4 lz4')
emulator_ports=(/dev/ttyS1 /dev/ttyS2 /dev/ttyS3)
emulator_hold=0 # see hold-vm.c

# By its model the CPU has GHz, in fact one instruction per tick. With xsave, 7.3 stumbles over the model's sizes.
# The kernel would need 15 seconds to look up names in long tables for tracing and BPF.
emulator_append="tsc=reliable tsc_early_khz=$((bochs_ips / 1000)) lpj=100000 noxsave \
initcall_blacklist=ftrace_check_for_weak_functions,trace_eval_init,bpf_tcp_ca_kfunc_init"

# For each function that could be traced, a module is searched for its name: 10 seconds.
emulator__strip() { # FOLDER OF MODULES
	local module
	for module in "$1"/*.ko; do
		objcopy --remove-section=__mcount_loc "$module" || return
	done
}

# The last byte of an option ROM makes the sum of all 0.
bochs__add_checksum() { # ROM
	local sum
	sum=$(od -An -v -tu1 "$1" | awk '{ for (i = 1; i <= NF; i++) sum += $i } END { print (256 - sum % 256) % 256 }')
	# shellcheck disable=SC2059 # the byte is made by the format
	printf "\\x$(printf %x "$sum")" | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - 1)) conv=notrunc status=none
}

# bochs-boot.S boots from a ROM and from a disk that has the kernel's memory and the initrd.
bochs__make_boot() { # KERNEL INITRD APPEND MEGABYTES: sets cylinders
	local memory=$(($4 << 20)) initrd_size kernel_sectors start
	unpack__kernel "$1" "$work/vmlinux" ||
		fail "$1 can't be unpacked or has no PVH entry (CONFIG_PVH), by which Bochs starts it"
	start=$(readelf -lW "$work/vmlinux" | awk '$1 == "LOAD" { print $4; exit }')
	objcopy -O binary "$work/vmlinux" "$work/disk"
	truncate -s %512 "$work/disk"
	kernel_sectors=$(($(stat -c %s "$work/disk") / 512))
	initrd_size=$(stat -c %s "$2")
	cat "$2" >>"$work/disk"
	truncate -s "%$((16 * 63 * 512))" "$work/disk"
	cylinders=$(($(stat -c %s "$work/disk") / (16 * 63 * 512)))
	printf %s "$3" >"$work/append"
	as --32 -I "$work" -o "$work/rom.o" --defsym ROM_SIZE=4096 --defsym "MEMORY=$memory" \
		--defsym "KERNEL_AT=$start" --defsym "KERNEL_SECTORS=$kernel_sectors" \
		--defsym "KERNEL_ENTRY=$(unpack__entry "$work/vmlinux")" \
		--defsym "INITRD_AT=$(((memory - (1 << 20) - initrd_size) & ~4095))" \
		--defsym "INITRD_SIZE=$initrd_size" "$lab_dir/bochs-boot.S"
	ld -m elf_i386 --oformat binary -Ttext 0x8000 -e 0 -o "$work/rom" "$work/rom.o"
	bochs__add_checksum "$work/rom"
}

# The display goes to a port that nothing reads; sound and speaker would need the real devices.
bochs__settings() { # MEGABYTES CYLINDERS FILE...
	local index=0 file
	cat <<-END
		cpu: model=$bochs_model, count=1, ips=$bochs_ips, reset_on_triple_fault=0
		memory: guest=$1, host=$1
		romimage: file=$bochs_share/BIOS-bochs-latest
		vgaromimage: file=$bochs_share/VGABIOS-lgpl-latest
		optromimage1: file=$work/rom, address=0xd0000
		ata0-master: type=disk, mode=flat, path=$work/disk, cylinders=$2, heads=16, spt=63
		boot: disk
		display_library: rfb, options="timeout=0"
		sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
		speaker: enabled=1, mode=system
		clock: sync=none
		log: $work/bochs.log
		panic: action=fatal
		error: action=ignore
		info: action=ignore
		debug: action=ignore
	END
	for file in "${@:3}"; do
		index=$((index + 1))
		[[ -e $file ]] || : >"$file" # Bochs opens it when the guest first writes
		echo "com$index: enabled=1, mode=file, dev=$file"
	done
}

# Bochs starts in its debugger: it is told to continue, and to quit where it stops.
emulator__command() { # KERNEL INITRD APPEND FILE...: fills `emulator`; the files take what the console and the ports say
	local memory=${LAB_MEM:-1G} cylinders
	memory=$(($(numfmt --from=iec "$memory") >> 20))
	bochs__make_boot "$1" "$2" "$3" "$memory"
	bochs__settings "$memory" "$cylinders" "${@:4}" >"$work/bochsrc"
	printf 'c\nq\n' >"$work/debugger"
	emulator=(bochs-bin -q -f "$work/bochsrc" -rc "$work/debugger")
}
