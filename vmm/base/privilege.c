// SPDX-License-Identifier: GPL-2.0-only
#include "base/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (1ull << (capability))
/* Files of other users: configs, backings and reports, whose owner and mode -o keeps. */
#define FILES (BIT(CAP_DAC_OVERRIDE) | BIT(CAP_CHOWN) | BIT(CAP_FOWNER))
/* /proc/kcore; addresses in kallsyms and vmallocinfo (kptr_restrict), and the kernel log (dmesg_restrict). */
#define KERNEL (BIT(CAP_SYS_RAWIO) | BIT(CAP_SYSLOG))

struct caps {
	uint64_t permitted, effective;
};

static int get(struct caps *caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	caps->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	caps->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	return 0;
}

/* Nothing is inheritable. */
static int set(const struct caps *caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .permitted = (uint32_t)caps->permitted, .effective = (uint32_t)caps->effective },
		{ .permitted = (uint32_t)(caps->permitted >> 32), .effective = (uint32_t)(caps->effective >> 32) },
	};

	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

void privilege_no_new(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int privilege_limit_run(void)
{
	struct caps caps;
	int code = get(&caps);

	caps.permitted &= FILES | KERNEL;
	caps.effective &= FILES | KERNEL;
	return code ? code : set(&caps);
}

/* Without CAP_SETPCAP the bounding set can't be changed: then there is little to be gained, either. */
int privilege_limit_files(void)
{
	struct caps caps;
	int code = get(&caps);

	if (code)
		return code;
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
		prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	caps.permitted &= FILES;
	caps.effective = 0;
	return set(&caps);
}

/*
 * Makes all permitted capabilities effective, or none. Returns false where nothing has changed: one that can't be given up
 * is kept, and what can't be done without one fails where it is done.
 */
static bool change_effective(bool all)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	bool changes = false;

	if (syscall(SYS_capget, &head, data))
		return false;
	for (int i = 0; i < 2; i++) {
		uint32_t effective = all ? data[i].permitted : 0;

		changes |= data[i].effective != effective;
		data[i].effective = effective;
	}
	return changes && !syscall(SYS_capset, &head, data);
}

bool privilege_raise(void)
{
	return change_effective(true);
}

void privilege_lower(bool raised)
{
	if (raised)
		change_effective(false);
}
