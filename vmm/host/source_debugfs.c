// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's folder in debugfs. It is named after the thread that created the VM (task_pid_nr():
 * its id in the initial pid namespace) and the VM's file descriptor.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/source.h"

/* In one, a VM of another process may have the folder that we would take for ours. */
bool debugfs_in_pid_namespace(const char *root)
{
	static const char initial[] = "pid:[4026531836]";	/* PROC_PID_INIT_INO */
	char path[SOURCE_PATH], name[64];
	ssize_t length = readlink(source_path(path, root, "/proc/self/ns/pid"),
				  name, sizeof(name));

	/* A kernel without pid namespaces has no such file. What can't be read is not trusted. */
	if (length < 0)
		return errno != ENOENT;
	return (size_t)length != sizeof(initial) - 1 || memcmp(name, initial, (size_t)length);
}

static int say(char why[SOURCE_WHY], int code, const char *text)
{
	snprintf(why, SOURCE_WHY, "%s", text);
	return -code;
}

int debugfs_own_vm(const char *root, pid_t creator, int fd, char vm[DEBUGFS_VM],
		   char why[SOURCE_WHY])
{
	if (!creator)
		return say(why, ENOENT, "no VM yet");
	if (debugfs_in_pid_namespace(root))
		return say(why, EXDEV, "in a pid namespace (container) the VM's folder in debugfs "
			   "is named after a pid that can't be known here");
	snprintf(vm, DEBUGFS_VM, "%d-%d", (int)creator, fd);
	return 0;
}

/* 0 if the path exists, else the errno of stat(). */
static int look_for(const char *root, const char *path)
{
	char buffer[SOURCE_PATH];
	struct stat found;

	return stat(source_path(buffer, root, path), &found) ? errno : 0;
}

bool debugfs_has(const char *root, const char *vm)
{
	char folder[SOURCE_PATH];

	snprintf(folder, sizeof(folder), DEBUGFS "/kvm/%s", vm);
	return !look_for(root, folder);
}

/* Says why the file cannot be opened: which part of its path is missing. */
static int explain(const char *root, const char *vm, const char *name, const char *since, int code,
		   char why[SOURCE_WHY])
{
	if (code == EACCES)
		return say(why, code, DEBUGFS ": only root may look there");
	if (code == EPERM) {
		/* fs/debugfs/file.c, debugfs_locked_down(): refuses every file that is not read-only for all */
		snprintf(why, SOURCE_WHY, "the kernel is locked down, which keeps %s from root, too: "
			 "boot without lockdown= and Secure Boot to see it", name);
		return -code;
	}
	if (code != ENOENT)
		return source_errno(why, code, name);
	if (look_for(root, DEBUGFS "/kvm"))
		return say(why, code, "debugfs is not mounted (there is no " DEBUGFS "/kvm)");
	snprintf(why, SOURCE_WHY, "there is no folder %s of this VM in " DEBUGFS "/kvm", vm);
	if (!debugfs_has(root, vm))
		return -code;
	snprintf(why, SOURCE_WHY, "this kernel has no %s: it came with Linux %s", name, since);
	return -ENOTTY;
}

int debugfs_open(FILE **file, const char *root, const char *vm, const char *name,
		 const char *since, char why[SOURCE_WHY])
{
	char path[128];
	int code;

	snprintf(path, sizeof(path), DEBUGFS "/kvm/%s/%s", vm, name);
	code = source_open(file, root, path, why);
	return code ? explain(root, vm, name, since, -code, why) : 0;
}
