// SPDX-License-Identifier: GPL-2.0-only
/* Reads every VM's folder in debugfs, and what /proc knows of the thread that made it. */
#include "host/host_vms.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/text.h"
#include "host/source.h"

#define FOLDER DEBUGFS "/kvm"

/* The folder of a VM is "PID-FD"; all other entries are totals of KVM. */
static bool parse_folder(const char *name, struct host_vm *vm)
{
	const char *text = name;
	uint64_t pid, fd;

	if (strlen(name) >= sizeof(vm->folder) || !source_number(&text, &pid) || *text++ != '-' ||
	    !source_number(&text, &fd) || *text || pid > INT64_MAX || fd > INT64_MAX)
		return false;
	*vm = (struct host_vm){ .pid = (int64_t)pid, .fd = (int64_t)fd };
	strcpy(vm->folder, name);
	return true;
}

/* The thread's name, such as "qemu-system-x86". */
static void read_command(const char *root, struct host_vm *vm)
{
	char path[64], buffer[SOURCE_PATH];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)vm->pid);
	file = fopen(source_path(buffer, root, path), "re");
	if (!file)
		return;
	if (fgets(vm->command, sizeof(vm->command), file))
		vm->command[strcspn(vm->command, "\n")] = '\0';
	fclose(file);
}

/* The folder was made with the VM (kvm_create_vm_debugfs()). */
static void read_age(const char *root, struct host_vm *vm)
{
	char path[64], buffer[SOURCE_PATH];
	struct timespec now;
	struct stat made;
	int64_t ns;

	snprintf(path, sizeof(path), FOLDER "/%s", vm->folder);
	if (stat(source_path(buffer, root, path), &made) || clock_gettime(CLOCK_REALTIME, &now))
		return;
	ns = (now.tv_sec - made.st_mtim.tv_sec) * 1000000000ll +
	     (now.tv_nsec - made.st_mtim.tv_nsec);
	vm->age_ns = (struct figure){ ns >= 0, ns >= 0 ? (uint64_t)ns : 0 };
}

/* False: the VM is gone by now. */
static bool read_vm(const char *root, const struct host_vms_query *query, struct host_vm *vm)
{
	char path[64], buffer[SOURCE_PATH];
	struct stat folder;

	read_command(root, vm);
	read_age(root, vm);
	vm->counted = !kvm_debugfs_of(root, vm->folder, &vm->counters, vm->why);
	vm->walked = query->walk && !rmaps_stat_of(root, vm->folder, &vm->rmaps, vm->why);
	snprintf(path, sizeof(path), FOLDER "/%s", vm->folder);
	return !stat(source_path(buffer, root, path), &folder);
}

static int by_pid(const void *a, const void *b)
{
	const struct host_vm *one = a, *other = b;

	if (one->pid != other->pid)
		return one->pid < other->pid ? -1 : 1;
	return one->fd < other->fd ? -1 : one->fd > other->fd;
}

static int add(struct host_vms *vms, const struct host_vm *vm)
{
	struct host_vm *larger = realloc(vms->list, (vms->count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	vms->list = larger;
	larger[vms->count++] = *vm;
	return 0;
}

static int refuse(char why[SOURCE_WHY], int code)
{
	if (code == ENOENT)
		snprintf(why, SOURCE_WHY, "there is no " FOLDER ": debugfs is not mounted, or KVM "
			 "not loaded");
	else if (code == EACCES || code == EPERM)
		snprintf(why, SOURCE_WHY, FOLDER ": only root may look there");
	else
		source_errno(why, code, FOLDER);
	return -code;
}

int host_vms_read(const char *root, const struct host_vms_query *query, struct host_vms *vms,
		  char why[SOURCE_WHY])
{
	char buffer[SOURCE_PATH];
	const struct dirent *entry;
	struct host_vm vm;
	DIR *folder;
	int code = 0;

	*vms = (struct host_vms){ 0 };
	*why = '\0';
	folder = opendir(source_path(buffer, root, FOLDER));
	if (!folder)
		return refuse(why, errno);
	while (!code && (errno = 0, entry = readdir(folder)))
		if (parse_folder(entry->d_name, &vm) && (!query->pid || vm.pid == query->pid) &&
		    read_vm(root, query, &vm))
			code = add(vms, &vm);
	if (!code && !entry)
		code = -errno;
	closedir(folder);
	if (code) {
		host_vms_free(vms);
		return source_errno(why, -code, FOLDER);
	}
	if (vms->count)
		qsort(vms->list, vms->count, sizeof(vm), by_pid);
	return 0;
}

static struct host_vm *find(struct host_vms *vms, const struct kernel_vm *kernel)
{
	for (size_t i = 0; *kernel->folder && i < vms->count; i++)
		if (!strcmp(vms->list[i].folder, kernel->folder))
			return &vms->list[i];
	return NULL;
}

/* Only the kernel's memory shows the VM. Of one that was being made not even a thread is known. */
static int add_kernel_vm(const char *root, const struct kernel_vm *kernel, struct host_vms *vms)
{
	struct host_vm vm;

	if (!parse_folder(kernel->folder, &vm))
		vm = (struct host_vm){ .pid = kernel->pid, .fd = -1 };
	if (vm.pid <= 0)
		return 0;
	vm.kernel = kernel;
	read_command(root, &vm);
	return add(vms, &vm);
}

int host_vms_join(const char *root, const struct kernel_vms *kernel, struct host_vms *vms)
{
	int code = 0;

	for (size_t i = 0; !code && i < kernel->count; i++) {
		struct host_vm *vm = find(vms, &kernel->list[i]);

		if (vm)
			vm->kernel = &kernel->list[i];
		else
			code = add_kernel_vm(root, &kernel->list[i], vms);
	}
	for (size_t i = 0; i < vms->count; i++)
		vms->list[i].refused = !vms->list[i].kernel &&
				       kvm_refuser(root, &kernel->refusals, vms->list[i].pid);
	if (vms->count)
		qsort(vms->list, vms->count, sizeof(*vms->list), by_pid);
	return code;
}

void host_vms_note_refusals(const struct kvm_refusals *refusals, struct host_vms *vms)
{
	if (refusals->count == 1)
		snprintf(vms->incomplete_why, SOURCE_WHY, "BPF: 1 process, which may have a VM, "
			 "lends no descriptor: " KVM_REFUSED);
	else if (refusals->count)
		snprintf(vms->incomplete_why, SOURCE_WHY, "BPF: %zu processes, which may have VMs, "
			 "lend no descriptors: " KVM_REFUSED, refusals->count);
}

bool host_vms_may_lack(const char *root, const struct host_vms *vms,
		       const struct kvm_refusals *refusals, int64_t pid, char why[SOURCE_WHY])
{
	pid_t refuser = kvm_refuser(root, refusals, pid);

	if (refuser)
		snprintf(why, SOURCE_WHY, "process %d does not lend its descriptors to BPF: "
			 KVM_REFUSED, refuser);
	else
		snprintf(why, SOURCE_WHY, "%s", vms->incomplete_why);
	return *why;
}

pid_t host_vm_process(const struct host_vm *vm)
{
	return vm->kernel && vm->kernel->tgid > 0 ? vm->kernel->tgid : (pid_t)vm->pid;
}

const char *host_vm_name(const struct host_vm *vm)
{
	return *vm->name.text ? vm->name.text : vm->command;
}

static void survey_vm(const char *root, struct host_vm *vm, struct memory_limits *limits)
{
	pid_t process = host_vm_process(vm);

	memory_limits_of(root, process, limits, &vm->limits);
	vm_name_read(root, process, vm->limits.cgroup, process == vm->pid ? vm->command : "",
		     &vm->name);
	if (vm->kernel && vm->kernel->settled)
		guest_memory_read(root, process, vm->kernel->slots, vm->kernel->count, &vm->memory);
}

void host_vms_survey(const char *root, struct host_vms *vms, struct memory_limits *limits)
{
	bool contained = debugfs_in_pid_namespace(root);

	memory_limits_open(root, limits);
	for (size_t i = 0; i < vms->count; i++) {
		if (!contained)
			survey_vm(root, &vms->list[i], limits);
		else
			snprintf(vms->list[i].memory.why, SOURCE_WHY, "in a pid namespace (container) "
				 "the processes of VMs have other pids");
	}
}

/* Is there such a file? Unknown when that can't be told. */
static enum answer is_there(const char *root, const char *path)
{
	char buffer[SOURCE_PATH];

	if (!access(source_path(buffer, root, path), F_OK))
		return ANSWER_YES;
	return errno == ENOENT ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* Did a thread of this process make it? */
static enum answer is_ours(const char *root, int64_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%lld", (long long)pid);
	return is_there(root, path);
}

static enum answer has_vcpu(const char *root, const char *folder)
{
	char path[96];

	snprintf(path, sizeof(path), FOLDER "/%s/vcpu0", folder);
	return is_there(root, path);
}

/* The inode number is another one when a VM of the same name takes the place of one that ended. */
static void count_other(const char *root, const struct host_vm *vm, uint64_t inode,
			struct other_vms *others)
{
	enum answer ours = is_ours(root, vm->pid);
	enum answer runs = ours == ANSWER_NO ? has_vcpu(root, vm->folder) : ANSWER_NO;

	others->known &= ours != ANSWER_UNKNOWN && runs != ANSWER_UNKNOWN;
	if (ours == ANSWER_YES)
		return;
	others->running += runs == ANSWER_YES;
	others->set += text_hash(vm->folder) ^ inode;
}

/* kvm_uevent_notify_change(), virt/kvm/kvm_main.c. Other devices send some, too. */
static struct figure count_events(const char *root)
{
	char buffer[SOURCE_PATH], line[32] = "";
	FILE *file = fopen(source_path(buffer, root, "/sys/kernel/uevent_seqnum"), "re");
	const char *text = line;
	struct figure events = { 0 };

	if (file && fgets(line, sizeof(line), file))
		events.known = source_number(&text, &events.value);
	if (file)
		fclose(file);
	return events;
}

struct other_vms host_vms_others(const char *root)
{
	char buffer[SOURCE_PATH];
	DIR *folder = opendir(source_path(buffer, root, FOLDER));
	struct other_vms others = { .known = folder && !debugfs_in_pid_namespace(root) };
	const struct dirent *entry;
	struct host_vm vm;

	while (others.known && (errno = 0, entry = readdir(folder)))
		if (parse_folder(entry->d_name, &vm))
			count_other(root, &vm, entry->d_ino, &others);
	others.known &= !errno;
	others.events = count_events(root);
	if (folder)
		closedir(folder);
	return others;
}

void host_vms_free(struct host_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		guest_memory_free(&vms->list[i].memory);
	free(vms->list);
	vms->list = NULL;
	vms->count = 0;
}

const char *vm_teller_name(enum vm_teller teller)
{
	static const char *const names[] = { NULL, "mmu_rmaps_stat", "host", "mmu_cache_miss",
					     "memslots" };

	return names[teller];
}
