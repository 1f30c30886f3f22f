/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the numbers of processes in /sys/kernel/debug/kvm are those that this process knows. */
#ifndef TESTS_PID_NAMESPACE_H
#define TESTS_PID_NAMESPACE_H

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* In a pid namespace (container) a process of the host's can't be told from one that has ended. */
static inline bool pids_are_the_hosts(void)
{
	static const char initial[] = "pid:[4026531836]";	/* PROC_PID_INIT_INO */
	char name[64];
	ssize_t length = readlink("/proc/self/ns/pid", name, sizeof(name));

	return length < 0 || ((size_t)length == sizeof(initial) - 1 && !memcmp(name, initial, (size_t)length));
}

#endif
