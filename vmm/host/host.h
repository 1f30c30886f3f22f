/* SPDX-License-Identifier: GPL-2.0-only */
/* The host as a report names it: kernel, CPU, KVM's module parameters. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/answer.h"
#include "base/err.h"

struct host {
	char kernel[128];	/* uname -r */
	char hostname[65];
	char boot_id[40];
	char cpu_vendor[16];	/* "amd", "intel", or CPUID's own string */
	char cpu_model[64];
	char module[16];	/* "kvm_amd", "kvm_intel", other, or "" */
	enum answer tdp_mmu, tdp, nested; /* module parameters, Y/N or 1/0 */
	enum answer nx_huge_pages; /* kvm's: huge mappings are not executable (iTLB multihit) */
	enum answer flexpriority, unrestricted_guest; /* kvm_intel's */
	enum answer pml; /* the vendor module's: the CPU notes which pages a guest writes (page modification logging) */
	unsigned int phys_bits;	/* MAXPHYADDR */
	uint64_t page_size;
};

/* root: "" or a fixture folder. What can't be read stays empty or unknown. */
void host_read(const char *root, struct host *host);
/* AMD or Hygon. */
bool host_has_svm_cpu(const struct host *host);
/* 0, or -errno: the kernel is not known, and nothing can be told of what its KVM does. */
int host_need_kernel(const struct host *host, struct err *err);
/* "6.12.117+deb12-cloud-amd64" -> 6, 12; 0, 0 when it does not start with X.Y */
void host_version(const char *release, unsigned int *major, unsigned int *minor);

#endif
