# SPDX-License-Identifier: GPL-2.0-only
# The AMD host: QEMU's TCG emulates SVM well enough for kvm-amd, L2 guests included.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2054 # read by those who source this; commas are within words

emulator_needs=('qemu-system-x86_64 qemu-system-x86')
emulator_ports=(/dev/ttyS1 /dev/ttyS2 /dev/ttyS3)
emulator_hold=1 # see hold-vm.c
emulator_append='tsc=reliable'

# Four serial ports share two interrupts by tradition, which loses some on an edge-triggered bus: here each has its own.
# With invtsc the kernel trusts the second CPU's TSC to be like the first's; without, it measures for a second.
emulator__command() { # KERNEL INITRD APPEND FILE...: fills `emulator`; the files take what the console and the ports say
	local irqs=(4 3 5 7) index=0 file
	emulator=(qemu-system-x86_64 -accel tcg,thread=multi -cpu EPYC,+svm,+npt,+invtsc
		-smp "${LAB_CPUS:-2}" -m "${LAB_MEM:-2G}" -nodefaults -no-user-config -display none -no-reboot
		-kernel "$1" -initrd "$2" -append "$3")
	for file in "${@:4}"; do
		emulator+=(-chardev "file,id=port$index,path=$file"
			-device "isa-serial,chardev=port$index,index=$index,irq=${irqs[index]}")
		index=$((index + 1))
	done
}
