// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/major.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "config/layout.h"
#include "vm/kvm_gmem.h"

#define CPUID_ENTRIES_MAX 512
#define KVM_MINOR 232

/* What every run needs, whatever its layout. */
static const struct {
	long cap;
	const char *name, *why;
} required[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "memslots" },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, "KVM_CAP_DESTROY_MEMORY_REGION_WORKS",
	  "deleting memslots" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID", "the vCPU's CPUID" },
	{ KVM_CAP_NR_MEMSLOTS, "KVM_CAP_NR_MEMSLOTS", "the number of memslots" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "stopping a hung vCPU" },
};

int kvm_ioctl(int fd, unsigned long request, void *argument, struct err *err,
	      const char *format, ...)
{
	char call[256];
	int value = ioctl(fd, request, argument);
	int code = errno;
	va_list args;

	if (value >= 0)
		return value;
	va_start(args, format);
	vsnprintf(call, sizeof(call), format, args);
	va_end(args);
	return err_errno(err, code, "%s", call);
}

/*
 * The group whose members may open the device; false: there is none to join. It is looked up in
 * /etc/group, because getgrgid() would need shared libraries at run time.
 */
static bool device_group(const char *device, char *name, size_t size)
{
	struct group *group;
	struct stat owner;
	bool found = false;
	FILE *groups;

	if (stat(device, &owner) || !owner.st_gid || (owner.st_mode & 060) != 060)
		return false;
	groups = fopen("/etc/group", "re");
	if (!groups)
		return false;
	while (!found && (group = fgetgrent(groups))) {
		found = group->gr_gid == owner.st_gid;
		snprintf(name, size, "%s", group->gr_name);
	}
	fclose(groups);
	return found;
}

static int open_failed(const char *device, int code, struct err *err)
{
	char group[64];

	err_errno(err, code, "open(%s)", device);
	switch (code) {
	case ENOENT:
		err_remedy(err, "load KVM (modprobe kvm_amd or kvm_intel); in a VM or container, "
				"have its host expose virtualization and %s", device);
		break;
	case EACCES:
	case EPERM:
		if (device_group(device, group, sizeof(group)))
			err_remedy(err, "become a member of the group that owns %s "
					"(usermod -aG %s USER, then log in again), or run as root",
				   device, group);
		else
			err_remedy(err, "run as root, or as root give a group access to it: "
					"chgrp kvm %s && chmod 660 %s", device, device);
		break;
	case ENODEV:
	case ENXIO:
		err_remedy(err, "%s exists but no KVM module is loaded: "
				"modprobe kvm_amd or kvm_intel", device);
		break;
	}
	return -code;
}

static int check_api(struct kvm *kvm, const char *device, struct err *err)
{
	int version = ioctl(kvm->fd, KVM_GET_API_VERSION, 0);

	if (version < 0) {
		err_errno(err, errno, "%s is no KVM device: KVM_GET_API_VERSION", device);
		return -ENODEV;
	}
	if (version != KVM_API_VERSION)
		return err_set(err, ENOSYS, "KVM_GET_API_VERSION says %d; minivmm needs %d",
			       version, KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		int value = ioctl(kvm->fd, KVM_CHECK_EXTENSION, required[i].cap);

		if (value < 0)
			return err_errno(err, errno, "KVM_CHECK_EXTENSION(%s)", required[i].name);
		if (!value)
			return err_set(err, ENOSYS, "this KVM lacks %s, needed for %s",
				       required[i].name, required[i].why);
	}
	return 0;
}

static int read_cpuid(struct kvm *kvm, struct err *err)
{
	kvm->cpuid = calloc(1, sizeof(*kvm->cpuid) +
				       CPUID_ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2));
	if (!kvm->cpuid)
		return err_set(err, ENOMEM, "no memory for CPUID");
	kvm->cpuid->nent = CPUID_ENTRIES_MAX;
	return kvm_ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, kvm->cpuid, err,
			 "KVM_GET_SUPPORTED_CPUID(nent=%d)", CPUID_ENTRIES_MAX);
}

/* Reads capabilities that a layout may need; 0 is a valid answer. */
static int read_extensions(struct kvm *kvm, struct err *err)
{
	uint32_t nested_state, readonly, spaces, quirks, gmem, gmem_memory, gmem_flags;
	const struct {
		long cap;
		uint32_t *value;
	} wanted[] = {
		{ KVM_CAP_NR_MEMSLOTS, &kvm->max_slots }, { KVM_CAP_MAX_VCPUS, &kvm->max_vcpus },
		{ KVM_CAP_NESTED_STATE, &nested_state }, { KVM_CAP_READONLY_MEM, &readonly },
		{ KVM_CAP_MULTI_ADDRESS_SPACE, &spaces }, { QUIRKS_CAP, &quirks },
		{ KVM_CAP_DIRTY_LOG_RING, &kvm->dirty_ring },
		{ GMEM_CAP, &gmem },
		{ GMEM_CAP_USER_MEMORY2, &gmem_memory }, { GMEM_CAP_FLAGS, &gmem_flags },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int value = kvm_ioctl(kvm->fd, KVM_CHECK_EXTENSION, (void *)wanted[i].cap, err,
				      "KVM_CHECK_EXTENSION(%ld)", wanted[i].cap);

		if (value < 0)
			return value;
		*wanted[i].value = (uint32_t)value;
	}
	kvm->nested_state_size = nested_state;
	kvm->readonly_slots = readonly;
	kvm->smm_slots = spaces > 1;
	kvm->quirks = quirks;
	kvm->gmem = gmem && gmem_memory;
	kvm->gmem_flags = kvm->gmem ? gmem_flags : 0;
	return 0;
}

/*
 * Other devices may do harm when they are opened for writing: a watchdog begins to count, a tape is rewound. So the device
 * is looked at first: KVM is 10:232 (KVM_MINOR, include/linux/miscdevice.h). Returns a descriptor or -errno.
 */
static int open_device(const char *device, struct err *err)
{
	int look = open(device, O_PATH | O_CLOEXEC), fd;
	struct stat file;
	char again[32];

	if (look < 0 || fstat(look, &file)) {
		fd = open_failed(device, errno, err);
	} else if (!S_ISCHR(file.st_mode) || file.st_rdev != makedev(MISC_MAJOR, KVM_MINOR)) {
		fd = err_set(err, ENODEV, "%s is no KVM device: it is not the character device %u:%u", device,
			     MISC_MAJOR, KVM_MINOR);
	} else {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", look);
		fd = open(again, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = open_failed(device, errno, err);
	}
	if (look >= 0)
		close(look);
	return fd;
}

int kvm_open(struct kvm *kvm, const char *device, struct err *err)
{
	int code = open_device(device, err);

	*kvm = (struct kvm){ .fd = code < 0 ? -1 : code };
	if (code < 0)
		return code;
	code = check_api(kvm, device, err);
	if (code)
		goto fail;
	code = kvm_ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, NULL, err, "KVM_GET_VCPU_MMAP_SIZE");
	if (code < 0)
		goto fail;
	kvm->run_size = (size_t)code;
	code = read_cpuid(kvm, err);
	if (code >= 0)
		code = read_extensions(kvm, err);
	if (code < 0)
		goto fail;
	return 0;
fail:
	kvm_close(kvm);
	return code;
}

void kvm_close(struct kvm *kvm)
{
	free(kvm->cpuid);
	kvm->cpuid = NULL;
	if (kvm->fd >= 0)
		close(kvm->fd);
	kvm->fd = -1;
}

static const struct kvm_cpuid_entry2 *cpuid_leaf(const struct kvm *kvm, uint32_t leaf)
{
	for (uint32_t i = 0; i < kvm->cpuid->nent; i++)
		if (kvm->cpuid->entries[i].function == leaf)
			return &kvm->cpuid->entries[i];
	return NULL;
}

bool kvm_has_svm(const struct kvm *kvm)
{
	const struct kvm_cpuid_entry2 *leaf = cpuid_leaf(kvm, 0x80000001);

	return leaf && leaf->ecx & 1u << 2;
}

bool kvm_has_vmx(const struct kvm *kvm)
{
	const struct kvm_cpuid_entry2 *leaf = cpuid_leaf(kvm, 1);

	return leaf && leaf->ecx & 1u << 5;
}

bool kvm_has_1g_pages(const struct kvm *kvm)
{
	const struct kvm_cpuid_entry2 *leaf = cpuid_leaf(kvm, 0x80000001);

	return leaf && leaf->edx & 1u << 26;
}

bool kvm_has_nx(const struct kvm *kvm)
{
	const struct kvm_cpuid_entry2 *leaf = cpuid_leaf(kvm, 0x80000001);

	return leaf && leaf->edx & 1u << 20;
}

unsigned int kvm_phys_bits(const struct kvm *kvm)
{
	const struct kvm_cpuid_entry2 *leaf = cpuid_leaf(kvm, 0x80000008);

	return leaf ? leaf->eax & 0xff : 36;
}

static const char *no_guest_memfd(const struct kvm *kvm)
{
	if (!kvm->gmem)
		return "this KVM has no guest_memfd (KVM_CAP_GUEST_MEMFD, Linux 6.8)";
	/* Before, guest_memfd holds private memory only, which takes a VM of another type. */
	if ((kvm->gmem_flags & GMEM_FLAGS) != GMEM_FLAGS)
		return "the guest_memfd of this KVM can't be shared with the host "
		       "(KVM_CAP_GUEST_MEMFD_FLAGS lacks MMAP and INIT_SHARED, Linux 6.18)";
	return NULL;
}

void kvm_limits(const struct kvm *kvm, struct layout_limits *limits)
{
	*limits = (struct layout_limits){
		.max_slots = kvm->max_slots,
		.phys_bits = kvm_phys_bits(kvm),
		.no_readonly = kvm->readonly_slots ? NULL :
			"this KVM has no read-only slots (KVM_CAP_READONLY_MEM is 0)",
		.no_smm = kvm->smm_slots ? NULL :
			"this KVM has one address space only (KVM_CAP_MULTI_ADDRESS_SPACE)",
		.no_guest_memfd = no_guest_memfd(kvm),
	};
}
