// SPDX-License-Identifier: GPL-2.0-only
#include "host/kvm_lent.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/source.h"

#define MODULE "/sys/module/kvm"	/* a built-in KVM has it as well, for its parameters */
#define LINK "anon_inode:kvm-vm"	/* kvm_dev_ioctl_create_vm() */

struct lending {
	const struct kvm_reader *reader;
	kernel_vm_visit *visit;
	void *data;
	char *why;
	struct kernel_vm vm;		/* the one that is lent; its slots are reused */
	uint64_t *seen;			/* several descriptors may be one VM's */
	size_t count;
	bool refused;			/* the process that is being visited refuses */
	struct kvm_refusals *refusals;
};

static int need_types(const struct kernel_types *types, char why[SOURCE_WHY])
{
	for (int i = MEMBER_TASK_FILES; i <= MEMBER_FILE_DATA; i++) {
		if (types->members[i].known)
			continue;
		snprintf(why, SOURCE_WHY, "BPF: this kernel's BTF does not say what lies behind a "
			 "descriptor");
		return -ENOTSUP;
	}
	return 0;
}

int kvm_lent_open(struct kvm_reader *reader, char why[SOURCE_WHY])
{
	int code;

	*reader = (struct kvm_reader){ .memory.fd = -1 };
	if (access(MODULE, F_OK))
		return source_errno(why, errno, MODULE);
	if (debugfs_in_pid_namespace("")) {
		snprintf(why, SOURCE_WHY, "BPF: in a pid namespace (container) other processes' "
			 "VMs can't be seen");
		return -EPERM;
	}
	code = kernel_memory_open_probe(&reader->memory, why);
	if (!code)
		code = kernel_types_read("", &reader->types, why);
	if (!code)
		code = need_types(&reader->types, why);
	if (code)
		kvm_reader_close(reader);
	return code;
}

/* current->files->fdt->fd[descriptor]->private_data, or 0. */
static uint64_t behind(const struct kvm_reader *reader, int descriptor)
{
	const struct kernel_field *members = reader->types.members;
	const uint64_t way[] = {
		members[MEMBER_TASK_FILES].offset, members[MEMBER_FILES_TABLE].offset,
		members[MEMBER_TABLE_FILES].offset, (uint64_t)descriptor * sizeof(uint64_t),
		members[MEMBER_FILE_DATA].offset,
	};
	uint64_t at = kernel_probe_task(&reader->memory.probe);

	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		if (!kernel_pointer(at) ||
		    kernel_memory_read(&reader->memory, at + way[i], &at, sizeof(at)))
			return 0;
	return kernel_pointer(at) ? at : 0;
}

/* 1: it was seen before. 0 or -ENOMEM. */
static int note(struct lending *lending, uint64_t kvm)
{
	uint64_t *larger;

	for (size_t i = 0; i < lending->count; i++)
		if (lending->seen[i] == kvm)
			return 1;
	larger = reallocarray(lending->seen, lending->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	lending->seen = larger;
	larger[lending->count++] = kvm;
	return 0;
}

/* `mine` is this process's descriptor of the VM. */
static int read_lent(struct lending *lending, int mine)
{
	int code;

	lending->vm.kvm = behind(lending->reader, mine);
	if (!lending->vm.kvm) {
		snprintf(lending->why, SOURCE_WHY, "BPF: no struct kvm was found behind a VM's "
			 "descriptor");
		return -EINVAL;
	}
	code = note(lending, lending->vm.kvm);
	if (code)
		return code < 0 ? code : 0;
	return kvm_reader_vm(lending->reader, &lending->vm);
}

/*
 * 0: go on, as a process, or its descriptor, may be gone by now. pidfd_open() says EINVAL for a number that only a
 * process group or a session still has.
 */
static int refuse(struct lending *lending, int code)
{
	if (code == ENOENT || code == ESRCH || code == EBADF || code == EINVAL)
		return 0;
	if (code != EPERM && code != EACCES)
		return source_errno(lending->why, code, "BPF: a VM's descriptor");
	lending->refused = true;
	return 0;
}

/* 1 or 0; -errno: nobody can tell. */
static int is_vm(const char *folder, const char *name)
{
	char path[96], link[sizeof(LINK)];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%.16s", folder, name);
	length = readlink(path, link, sizeof(link));
	if (length < 0)
		return -errno;
	return length == sizeof(LINK) - 1 && !memcmp(link, LINK, sizeof(LINK) - 1);
}

/* Since the link was read, the process may have put another file in the VM's place: that file is not read. */
static int read_borrowed(struct lending *lending, int mine)
{
	char name[16];
	int vm;

	snprintf(name, sizeof(name), "%d", mine);
	vm = is_vm("/proc/self/fd", name);
	if (vm < 0)
		return source_errno(lending->why, -vm, "/proc/self/fd");
	return vm ? read_lent(lending, mine) : 0;
}

static int borrow(struct lending *lending, int process, int descriptor)
{
	size_t before = lending->count;
	int mine = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0), code;

	if (mine < 0)
		return refuse(lending, errno);
	code = read_borrowed(lending, mine);
	close(mine);
	return code || lending->count == before ? code :
						   lending->visit(&lending->vm, lending->data);
}

static int number(const char *name)
{
	return (int)strtoull(name, NULL, 10);
}

/* process: its pidfd, -1: it is not open yet, as few processes have a VM. */
static int visit_descriptor(struct lending *lending, const char *pid, int *process, const char *descriptor)
{
	if (*process < 0)
		*process = (int)syscall(SYS_pidfd_open, number(pid), 0);
	return *process < 0 ? refuse(lending, errno) : borrow(lending, *process, number(descriptor));
}

static int visit_folder(struct lending *lending, const char *pid, const char *path, DIR *folder)
{
	const struct dirent *entry;
	int process = -1, code = 0;

	while (!code && (entry = readdir(folder))) {
		int vm = entry->d_name[0] == '.' ? 0 : is_vm(path, entry->d_name);

		if (vm < 0)
			code = refuse(lending, -vm);
		else if (vm)
			code = visit_descriptor(lending, pid, &process, entry->d_name);
	}
	if (process >= 0)
		close(process);
	return code;
}

static int note_refusal(struct kvm_refusals *refusals, pid_t pid)
{
	pid_t *larger = reallocarray(refusals->list, refusals->count + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	refusals->list = larger;
	larger[refusals->count++] = pid;
	return 0;
}

pid_t kvm_refuser(const char *root, const struct kvm_refusals *refusals, int64_t thread)
{
	char path[64], buffer[SOURCE_PATH];

	for (size_t i = 0; i < refusals->count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%lld", refusals->list[i], (long long)thread);
		if (!access(source_path(buffer, root, path), F_OK))
			return refusals->list[i];
	}
	return 0;
}

static int visit_descriptors(struct lending *lending, const char *pid)
{
	char path[48];
	DIR *folder;
	int code;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	folder = opendir(path);
	if (!folder)
		return refuse(lending, errno);
	code = visit_folder(lending, pid, path, folder);
	closedir(folder);
	return code;
}

static int visit_process(struct lending *lending, const char *pid)
{
	int code;

	lending->refused = false;
	code = visit_descriptors(lending, pid);
	return code || !lending->refused ? code : note_refusal(lending->refusals, number(pid));
}

int kvm_lent_each(const struct kvm_reader *reader, kernel_vm_visit *visit, void *data,
		  struct kvm_refusals *refusals, char why[SOURCE_WHY])
{
	struct lending lending = {
		.reader = reader, .visit = visit, .data = data, .why = why, .refusals = refusals,
	};
	const struct dirent *entry;
	DIR *all = opendir("/proc");
	int code = all ? 0 : source_errno(why, errno, "/proc");

	while (!code && (entry = readdir(all)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			code = visit_process(&lending, entry->d_name);
	if (all)
		closedir(all);
	/*
	 * A process that refuses (for example a container's init) need not have a VM, so it is an error only if no VM was
	 * found at all.
	 */
	if (!code && !lending.count && refusals->count) {
		snprintf(why, SOURCE_WHY, "BPF: other processes lend no descriptors: " KVM_REFUSED);
		code = -EPERM;
	}
	free(lending.vm.slots);
	free(lending.seen);
	return code;
}
