/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest_memfd as in Linux 6.18's include/uapi/linux/kvm.h, for older headers. An enum, a struct
 * tag or an _IO number can't be defined twice, so all names differ from the kernel's.
 */
#ifndef KVM_GMEM_H
#define KVM_GMEM_H

#include <linux/kvm.h>
#include <stdint.h>

#define GMEM_CAP_USER_MEMORY2 231	/* KVM_CAP_USER_MEMORY2, 6.8 */
#define GMEM_CAP 234			/* KVM_CAP_GUEST_MEMFD, 6.8 */
#define GMEM_CAP_FLAGS 244		/* KVM_CAP_GUEST_MEMFD_FLAGS, 6.18: flags KVM knows */

#define GMEM_FLAG_MMAP (1u << 0)	/* GUEST_MEMFD_FLAG_MMAP */
#define GMEM_FLAG_INIT_SHARED (1u << 1)	/* GUEST_MEMFD_FLAG_INIT_SHARED */
#define GMEM_FLAGS (GMEM_FLAG_MMAP | GMEM_FLAG_INIT_SHARED)

#define GMEM_SLOT_FLAG (1u << 2)	/* KVM_MEM_GUEST_MEMFD */

struct gmem_create {			/* struct kvm_create_guest_memfd */
	uint64_t size, flags, reserved[6];
};

struct gmem_region {			/* struct kvm_userspace_memory_region2 */
	uint32_t slot, flags;
	uint64_t guest_phys_addr, memory_size, userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd, pad1;
	uint64_t pad2[14];
};

#define GMEM_SET_REGION _IOW(KVMIO, 0x49, struct gmem_region) /* KVM_SET_USER_MEMORY_REGION2 */
#define GMEM_CREATE _IOWR(KVMIO, 0xd4, struct gmem_create)	/* KVM_CREATE_GUEST_MEMFD */

#endif
