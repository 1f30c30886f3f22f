// SPDX-License-Identifier: GPL-2.0-only
#include "host/host.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of root/path without its newline; "" if there is none. False: it can't be opened. */
static bool read_line(const char *root, const char *path, char *line, size_t size)
{
	char name[512];
	FILE *file;

	line[0] = '\0';
	snprintf(name, sizeof(name), "%s%s", root, path);
	file = fopen(name, "re");
	if (!file)
		return false;
	if (fgets(line, (int)size, file))
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return true;
}

/* Module parameters read Y/N or 1/0, depending on kernel and module; nx_huge_pages also never. False: there is none. */
static bool read_parameter(const char *root, const char *module, const char *parameter,
			   enum answer *answer)
{
	char path[128], value[16];
	bool there;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, parameter);
	there = read_line(root, path, value, sizeof(value));
	*answer = !strcmp(value, "Y") || !strcmp(value, "1") ? ANSWER_YES :
		  !strcmp(value, "N") || !strcmp(value, "0") || !strcmp(value, "never") ? ANSWER_NO : ANSWER_UNKNOWN;
	return there;
}

static void read_cpu(const char *root, struct host *host)
{
	char name[512], line[1024], value[256];
	FILE *file;

	snprintf(name, sizeof(name), "%s/proc/cpuinfo", root);
	file = fopen(name, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file) && line[0] != '\n') {
		if (sscanf(line, "vendor_id : %255[^\n]", value) == 1)
			snprintf(host->cpu_vendor, sizeof(host->cpu_vendor), "%.15s",
				 !strcmp(value, "AuthenticAMD") ? "amd" :
				 !strcmp(value, "GenuineIntel") ? "intel" : value);
		else if (sscanf(line, "model name : %255[^\n]", value) == 1)
			snprintf(host->cpu_model, sizeof(host->cpu_model), "%.63s", value);
		else
			sscanf(line, "address sizes : %u bits physical", &host->phys_bits);
	}
	fclose(file);
}

bool host_has_svm_cpu(const struct host *host)
{
	return !strcmp(host->cpu_vendor, "amd") || !strcmp(host->cpu_vendor, "HygonGenuine");
}

/* Both modules are there if they are built in, and the one of another vendor does nothing. */
static void read_module(const char *root, struct host *host)
{
	static const char *const modules[][2] = { { "kvm_amd", "npt" }, { "kvm_intel", "ept" } };

	read_parameter(root, "kvm", "tdp_mmu", &host->tdp_mmu);
	read_parameter(root, "kvm", "nx_huge_pages", &host->nx_huge_pages);
	host->tdp = host->nested = ANSWER_UNKNOWN;
	read_parameter(root, "kvm_intel", "flexpriority", &host->flexpriority);
	read_parameter(root, "kvm_intel", "unrestricted_guest", &host->unrestricted_guest);
	for (int i = 0; i < 2 && !(host->module[0] && host_has_svm_cpu(host)); i++) {
		enum answer tdp;

		if (!read_parameter(root, modules[i][0], modules[i][1], &tdp))
			continue;
		snprintf(host->module, sizeof(host->module), "%s", modules[i][0]);
		host->tdp = tdp;
		read_parameter(root, modules[i][0], "nested", &host->nested);
		read_parameter(root, modules[i][0], "pml", &host->pml);
	}
}

/* Where a filter denies uname(), /proc tells the same. */
static void read_names(const char *root, struct host *host)
{
	struct utsname name;

	if (!uname(&name)) {
		snprintf(host->kernel, sizeof(host->kernel), "%s", name.release);
		snprintf(host->hostname, sizeof(host->hostname), "%s", name.nodename);
		return;
	}
	read_line(root, "/proc/sys/kernel/osrelease", host->kernel, sizeof(host->kernel));
	read_line(root, "/proc/sys/kernel/hostname", host->hostname, sizeof(host->hostname));
}

void host_read(const char *root, struct host *host)
{
	*host = (struct host){ .page_size = (uint64_t)sysconf(_SC_PAGESIZE) };
	read_names(root, host);
	read_line(root, "/proc/sys/kernel/random/boot_id", host->boot_id, sizeof(host->boot_id));
	read_cpu(root, host);
	read_module(root, host);
}

int host_need_kernel(const struct host *host, struct err *err)
{
	if (host->kernel[0])
		return 0;
	err_set(err, ENOSYS, "which kernel this is can't be told: neither uname() nor /proc/sys/kernel/osrelease says it");
	err_remedy(err, "let minivmm call uname(), or mount /proc");
	return -ENOSYS;
}

void host_version(const char *release, unsigned int *major, unsigned int *minor)
{
	*major = *minor = 0;
	if (sscanf(release, "%u.%u", major, minor) != 2)
		*major = *minor = 0;
}
