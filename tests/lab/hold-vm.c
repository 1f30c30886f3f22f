// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps one VM open for as long as it lives, and says so by printing its process id.
 *
 * Works around QEMU's TCG, which may crash a kernel that patches live code: KVM does so (a static branch in the
 * scheduler) each time the number of VMs leaves or reaches 0. With this VM it never does.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (kvm < 0) {
		perror("hold-vm: /dev/kvm");
		return 1;
	}
	if (ioctl(kvm, KVM_CREATE_VM, 0) < 0) {
		perror("hold-vm: KVM_CREATE_VM");
		return 1;
	}
	printf("%d\n", getpid());
	fclose(stdout);	/* the reader waits for the end of file */
	for (;;)
		pause();
}
