# SPDX-License-Identifier: GPL-2.0-only
# The AMD host: QEMU's TCG emulates SVM well enough for kvm-amd, L2 guests included.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054,SC2154 # shared with those who source this; commas are within words

# shellcheck source=unpack.sh
. "$lab_dir/unpack.sh"

emulator_needs=('qemu-system-x86_64 qemu-system-x86' 'zstd zstd' 'lz4 lz4')
emulator_ports=(/dev/ttyS1 /dev/ttyS2 /dev/ttyS3)

# The emulated CPUs share a thread. With LAB_THREADS=multi, in which they really run at once, TCG may run code that another
# CPU has just patched. Therefore no second CPU runs while the kernel starts (guest/init adds it), and KVM never patches
# code (hold-vm.c). It may still happen.
emulator_hold=1
emulator_append='maxcpus=1 noreplace-smp lpj=10000000 tsc=reliable'
emulator_bug='int3: 0000'
emulator_remedy='QEMU ran code that the kernel had replaced (README.md, limits): once more, with LAB_THREADS=single'

# A third of a kernel's start is its unpacking; so it is unpacked here and booted by its PVH entry.
# Four serial ports usually share two interrupts, of which an edge-triggered bus loses some: here each port has its own.
emulator__command() { # KERNEL INITRD APPEND FILE...: fills `emulator`; the files take what the console and the ports say
	local irqs=(4 3 5 7) index=0 kernel=$1 file
	! unpack__kernel "$1" "$work/vmlinux" || kernel=$work/vmlinux
	emulator=(qemu-system-x86_64 -accel tcg,thread="${LAB_THREADS:-single}" -cpu EPYC,+svm,+npt,+invtsc
		-smp "${LAB_CPUS:-2}" -m "${LAB_MEM:-2G}" -nodefaults -no-user-config -display none -no-reboot
		-kernel "$kernel" -initrd "$2" -append "$3")
	for file in "${@:4}"; do
		emulator+=(-chardev "file,id=port$index,path=$file"
			-device "isa-serial,chardev=port$index,index=$index,irq=${irqs[index]}")
		index=$((index + 1))
	done
}

# With one thread for all CPUs none runs while another patches. Fails where it is so already.
emulator__be_careful() {
	[[ ${LAB_THREADS:-single} != single ]] && LAB_THREADS=single
}
