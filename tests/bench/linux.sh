# SPDX-License-Identifier: GPL-2.0-only
# A Linux from the exec of its VMM to its init, which powers off, and to the VMM's exit, in turn: by minivmm and by QEMU's
# smallest machine with the firmware that loads a kernel soonest; then by minivmm, with the kernel packed and unpacked.
chmod +x pairs
cat >qemu <<END
exec qemu-system-x86_64 -accel kvm -cpu host -M microvm,x-option-roms=off,auto-kernel-cmdline=off -m 512M -bios qboot.rom \
	-kernel /linux/bzImage -initrd /linux/initrd -append "console=ttyS0 noxsave quiet" -nodefaults -no-user-config \
	-display none -serial stdio -no-reboot
END
./pairs 3 'minivmm linux.ini' 'sh qemu' >/out/qemu.json
./pairs 3 'minivmm linux.ini guest.kernel=/linux/kernel' 'minivmm linux.ini' >/out/unpacked.json
minivmm /configs/linux-nested.ini -o /out/nested.json >/out/nested.txt 2>&1
minivmm /configs/linux-nested.ini vm.vcpus=2 vm.ignore-limits=yes memslot.low.size=3G memslot.high.base=4G memslot.high.size=5G \
	-o /out/large.json >/out/large.txt 2>&1
# All of the guest's memory is there: what the process has more is minivmm's own.
minivmm linux.ini memslot.low.populate=yes -o /out/populated.json >/out/populated.txt 2>&1
