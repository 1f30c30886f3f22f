/* SPDX-License-Identifier: GPL-2.0-only */
/* What people call a VM of another VMM: by its process's cgroup, its command line, or its command. */
#ifndef VM_NAME_H
#define VM_NAME_H

#include <sys/types.h>

#define VM_NAME 128

enum vm_namer {
	NAMER_NONE,
	NAMER_LIBVIRT,		/* the machine scope that libvirt or systemd-machined made */
	NAMER_QEMU,		/* -name */
	NAMER_FIRECRACKER,	/* --id */
	NAMER_COMMAND,		/* only the command's name */
};

struct vm_name {
	enum vm_namer namer;
	char text[VM_NAME];	/* "" where even the process is gone */
};

/*
 * pid: of the VMM's process. cgroup: its path, or "". command: the name of its command if it was
 * read already, else "". root: "" or a fixture folder.
 */
void vm_name_read(const char *root, pid_t pid, const char *cgroup, const char *command,
		  struct vm_name *name);
const char *vm_namer_name(enum vm_namer namer);	/* NULL: NAMER_NONE */

#endif
