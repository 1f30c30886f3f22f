// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps VMs open until it is ended: a process each, as VMMs are, with a memslot of 1 GiB that nothing touches.
 * Prints a line when all are there.
 *
 * usage: many-vms COUNT
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SIZE (1ul << 30)

/* Exit status 1 tells the parent. */
static void hold_vm(int ready)
{
	struct kvm_userspace_memory_region slot = { .memory_size = SIZE };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	slot.userspace_addr = (unsigned long)memory;
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (memory == MAP_FAILED || vm < 0 || ioctl(vm, KVM_CREATE_VCPU, 0) < 0 ||
	    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) || write(ready, "", 1) != 1) {
		perror("many-vms");
		_exit(1);
	}
	close(ready);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0, ready[2];
	char byte;

	if (count < 1 || pipe(ready)) {
		fprintf(stderr, "usage: many-vms COUNT\n");
		return 2;
	}
	for (int i = 0; i < count; i++)
		if (!fork())
			hold_vm(ready[1]);
	close(ready[1]);
	/* The end of the file comes where all have written, or failed. */
	for (int i = 0; i < count; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 1;
	puts("ready");
	fclose(stdout);
	for (;;)
		pause();
}
