// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps one VM with one vCPU open until it is ended, and prints its process id.
 *
 * Works around QEMU's TCG, which may crash a kernel that patches live code, and is slow at it: KVM does so (a static
 * branch in the scheduler) each time the number of VMs leaves or reaches 0, and (kvm_has_noapic_vcpu) that of vCPUs
 * without an APIC in the kernel, which minivmm's are. With this VM it never does.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm;

	if (kvm < 0) {
		perror("hold-vm: /dev/kvm");
		return 1;
	}
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_CREATE_VCPU, 0) < 0) {
		perror("hold-vm: KVM_CREATE_VM, KVM_CREATE_VCPU");
		return 1;
	}
	printf("%d\n", getpid());
	fclose(stdout);	/* the reader waits for the end of file */
	for (;;)
		pause();
}
