// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs of another program than minivmm, as a host of many tenants has them.
 *
 *	other-vms VMS RATE
 *
 * Makes so many VMs, each with a vCPU and some memslots, prints "ready", and then, RATE times a second,
 * makes one more, which has dirty logging turned on, gets a slot more and loses one, and ends. Until
 * it is killed.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define M (1ull << 20)
#define SPACE (512 * M)		/* of each VM, never touched */

static int kvm;
static uint8_t *space;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void set_slot(int vm, uint32_t slot, uint64_t base, uint64_t size, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = base, .memory_size = size, .flags = flags,
		.userspace_addr = (uintptr_t)space,
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		die("KVM_SET_USER_MEMORY_REGION");
}

/* Slots of sizes that differ from VM to VM. */
static int make_vm(unsigned int number, int *vcpu)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0)
		die("KVM_CREATE_VM");
	set_slot(vm, 0, 0, 16 * M, 0);
	set_slot(vm, 1, 4096 * M, (64 + number % 7 * 32) * M, 0);
	*vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (*vcpu < 0)
		die("KVM_CREATE_VCPU");
	return vm;
}

static void come_and_go(unsigned int number)
{
	int vcpu, vm = make_vm(number, &vcpu);

	set_slot(vm, 2, 8192 * M, SPACE, 0);
	set_slot(vm, 1, 4096 * M, (64 + number % 7 * 32) * M, KVM_MEM_LOG_DIRTY_PAGES);
	set_slot(vm, 2, 8192 * M, 0, 0);
	close(vcpu);
	close(vm);
}

int main(int argc, char **argv)
{
	unsigned int vms = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
	long rate = argc == 3 ? atol(argv[2]) : 0;
	struct rlimit limit;

	if (argc != 3 || rate < 0 || rate > 1000)
		return 2;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	space = mmap(NULL, SPACE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (kvm < 0 || space == MAP_FAILED)
		die("/dev/kvm");
	for (unsigned int i = 0; i < vms; i++) {
		int vcpu;

		make_vm(i, &vcpu);
	}
	puts("ready");
	fflush(stdout);
	for (unsigned int number = 0; rate; number++) {
		struct timespec pause = { 0, 1000000000 / rate };

		come_and_go(number);
		nanosleep(&pause, NULL);
	}
	for (;;)
		pause();
}
