// SPDX-License-Identifier: GPL-2.0-only
/*
 * What minivmm's own objects call and what can fail, failing once: the FAIL_AT-th of a process's
 * calls from FAIL_PLACE, an offset into the program (FAIL_AT=0: none). Not the n-th of all calls:
 * that is another one in each run, as the host's files are long or short and threads take turns.
 * `prepare` renames the calls of the objects, NAME to fault_NAME, so libraries are left as they
 * are. FAULTS_LOG gets a line for the call that was made to fail, or for all (FAIL_AT=0), and at
 * exit one of what is left of descriptors, memory and mappings.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <iniparser/iniparser.h>
#include <jansson.h>
#include <libfdt.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <event-parse.h>
#include <tracefs.h>

#include "faults.h"

/* Wrappers are called by name only; the real function's attributes are of no use. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define ERROR_SEEN 0x20		/* glibc's _IO_ERR_SEEN: what ferror() tells */
#define HERE __builtin_return_address(0)

/* TYPE fault_NAME(PARAMETERS): what fails returns FAILED, with errno. */
#define FAULT(type, name, code, failed, parameters, arguments) \
	__typeof__(name) fault_##name; \
	type fault_##name parameters \
	{ \
		if (fault_due(#name, HERE, code)) \
			return failed; \
		return name arguments; \
	}

/* The same of memory, which is to be freed. */
#define FAULT_MEMORY(type, name, parameters, arguments) \
	__typeof__(name) fault_##name; \
	type fault_##name parameters \
	{ \
		if (fault_due(#name, HERE, ENOMEM)) \
			return NULL; \
		return fault_keep(name arguments); \
	}

/* The same of stdio: what fails leaves its mark in the stream. stderr has nobody to tell. */
#define FAULT_STREAM(type, name, failed, parameters, arguments) \
	__typeof__(name) fault_##name; \
	type fault_##name parameters \
	{ \
		if (stream_due(#name, HERE, stream)) \
			return failed; \
		return name arguments; \
	}

/* The same of what looks for something: where there is nothing, there is nothing to fail. */
#define FAULT_FOUND(type, name, code, failed, undo, parameters, arguments) \
	__typeof__(name) fault_##name; \
	type fault_##name parameters \
	{ \
		type result = name arguments; \
		if (result == failed || !fault_due(#name, HERE, code)) \
			return result; \
		undo(result); \
		errno = code; \
		return failed; \
	}

/* What is released, is released even where that fails. */
#define FAULT_RELEASE(name, parameters, arguments) \
	__typeof__(name) fault_##name; \
	int fault_##name parameters \
	{ \
		int result = name arguments; \
		if (fault_due(#name, HERE, EIO)) \
			return -1; \
		return result; \
	}

static bool stream_due(const char *name, void *from, FILE *stream)
{
	int saved = errno, code = stream == stdout ? ENOSPC : fileno(stream) < 0 ? ENOMEM : EIO;

	errno = saved;
	if (stream == stderr || !fault_due(name, from, code))
		return false;
	stream->_flags |= ERROR_SEEN;
	return true;
}

/* System calls. */
FAULT_FOUND(int, access, EACCES, -1, (void), (const char *path, int mode), (path, mode))
FAULT(int, tcgetattr, EIO, -1, (int fd, struct termios *modes), (fd, modes))
FAULT(int, tcsetattr, EIO, -1, (int fd, int when, const struct termios *modes), (fd, when, modes))
FAULT(int, eventfd, EMFILE, -1, (unsigned int count, int flags), (count, flags))
FAULT(pid_t, fork, EAGAIN, -1, (void), ())
FAULT(int, fchmod, EPERM, -1, (int fd, mode_t mode), (fd, mode))
FAULT(int, fchown, EPERM, -1, (int fd, uid_t owner, gid_t group), (fd, owner, group))
FAULT(int, fstat, EIO, -1, (int fd, struct stat *found), (fd, found))
FAULT(int, fstatvfs, ENOSYS, -1, (int fd, struct statvfs *found), (fd, found))
FAULT(int, flock, ENOLCK, -1, (int fd, int operation), (fd, operation))
FAULT(int, fsync, EIO, -1, (int fd), (fd))
FAULT(int, ftruncate, ENOSPC, -1, (int fd, off_t size), (fd, size))
FAULT(ssize_t, getrandom, ENOSYS, -1, (void *data, size_t size, unsigned int flags), (data, size, flags))
FAULT(int, getrlimit, EPERM, -1, (__rlimit_resource_t what, struct rlimit *limit), (what, limit))
FAULT(int, getrusage, EINVAL, -1, (__rusage_who_t who, struct rusage *usage), (who, usage))
FAULT(int, kill, EPERM, -1, (pid_t pid, int number), (pid, number))
FAULT(int, linkat, EXDEV, -1, (int from, const char *path, int to, const char *name, int flags),
      (from, path, to, name, flags))
FAULT(off_t, lseek, EIO, -1, (int fd, off_t offset, int from), (fd, offset, from))
FAULT(ssize_t, process_vm_writev, EPERM, -1,
      (pid_t pid, const struct iovec *local, unsigned long locals, const struct iovec *remote, unsigned long remotes, unsigned long flags),
      (pid, local, locals, remote, remotes, flags))
FAULT(int, madvise, ENOMEM, -1, (void *memory, size_t size, int advice), (memory, size, advice))
FAULT(int, memfd_create, EMFILE, -1, (const char *name, unsigned int flags), (name, flags))
FAULT(int, mincore, ENOMEM, -1, (void *memory, size_t size, unsigned char *there), (memory, size, there))
FAULT(int, mkdir, EACCES, -1, (const char *path, mode_t mode), (path, mode))
FAULT(int, mprotect, ENOMEM, -1, (void *memory, size_t size, int access), (memory, size, access))
FAULT(int, nanosleep, EINTR, -1, (const struct timespec *time, struct timespec *left), (time, left))
FAULT(int, pipe2, EMFILE, -1, (int *ends, int flags), (ends, flags))
FAULT(int, poll, EINTR, -1, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout))
FAULT(int, ppoll, ENOMEM, -1, (struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	const sigset_t *mask), (fds, count, timeout, mask))
FAULT(ssize_t, pread, EIO, -1, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
FAULT(ssize_t, read, EIO, -1, (int fd, void *data, size_t size), (fd, data, size))
FAULT_FOUND(ssize_t, readlink, EACCES, -1, (void), (const char *path, char *target, size_t size),
      (path, target, size))
FAULT(int, rename, EACCES, -1, (const char *from, const char *to), (from, to))
FAULT(int, rmdir, EBUSY, -1, (const char *path), (path))
FAULT(int, setrlimit, EPERM, -1, (__rlimit_resource_t what, const struct rlimit *limit), (what, limit))
FAULT(int, signalfd, EMFILE, -1, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
FAULT_FOUND(int, lstat, EACCES, -1, (void), (const char *path, struct stat *found), (path, found))
FAULT(int, statx, ENOSYS, -1, (int at, const char *path, int flags, unsigned int mask, struct statx *found),
      (at, path, flags, mask, found))
FAULT_FOUND(int, stat, EACCES, -1, (void), (const char *path, struct stat *found), (path, found))
FAULT(int, unlink, EACCES, -1, (const char *path), (path))
FAULT(pid_t, waitpid, ECHILD, -1, (pid_t pid, int *status, int flags), (pid, status, flags))
FAULT(ssize_t, write, ENOSPC, -1, (int fd, const void *data, size_t size), (fd, data, size))
FAULT(long, get_phys_pages, 0, -1, (void), ())
FAULT_RELEASE(close, (int fd), (fd))

/* In the result, not in errno. */
FAULT(int, pthread_create, 0, EAGAIN, (pthread_t *thread, const pthread_attr_t *attributes,
	void *(*start)(void *), void *argument), (thread, attributes, start, argument))
FAULT(int, posix_spawnp, 0, ENOMEM, (pid_t *pid, const char *file,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
	char *const argv[], char *const envp[]), (pid, file, actions, attributes, argv, envp))
FAULT(int, posix_spawn_file_actions_init, 0, ENOMEM, (posix_spawn_file_actions_t *actions),
      (actions))
FAULT(int, posix_spawn_file_actions_adddup2, 0, ENOMEM, (posix_spawn_file_actions_t *actions,
	int fd, int other), (actions, fd, other))
FAULT(int, pthread_cond_init, 0, ENOMEM, (pthread_cond_t *cond, const pthread_condattr_t *attributes),
      (cond, attributes))

__typeof__(open) fault_open;
int fault_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	fd = open(path, flags, mode);
	if (fd < 0 || !fault_due("open", HERE, EACCES))
		return fd;
	close(fd);
	/* It was not made, either. */
	if (flags & O_EXCL)
		unlink(path);
	errno = EACCES;
	return -1;
}

/* As the kernel would refuse each. */
static int ioctl_errno(unsigned long request)
{
	switch (request) {
	case KVM_CREATE_VM:
	case KVM_CREATE_VCPU:
	case KVM_SET_USER_MEMORY_REGION:
		return ENOMEM;
	case KVM_GET_API_VERSION:
	case KVM_GET_STATS_FD:
		return ENOTTY;
	case KVM_RUN:
		return EIO;
	}
	return EINVAL;
}

__typeof__(ioctl) fault_ioctl;
int fault_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	return fault_due("ioctl", HERE, ioctl_errno(request)) ? -1 : ioctl(fd, request, argument);
}

__typeof__(syscall) fault_syscall;
long fault_syscall(long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return fault_due("syscall", HERE, EINVAL) ? -1 :
	       syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

__typeof__(mmap) fault_mmap;
void *fault_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	void *memory;

	if (fault_due("mmap", HERE, ENOMEM))
		return MAP_FAILED;
	memory = mmap(at, size, protection, flags, fd, offset);
	/* MAP_FIXED: in the place of one that is counted already. */
	fault_count_mapping(memory == MAP_FAILED || flags & MAP_FIXED ? 0 : (long)size);
	return memory;
}

__typeof__(munmap) fault_munmap;
int fault_munmap(void *memory, size_t size)
{
	int result = munmap(memory, size);

	fault_count_mapping(result ? 0 : -(long)size);
	return fault_due("munmap", HERE, EINVAL) ? -1 : result;
}

/* Folders. */
FAULT_FOUND(DIR *, opendir, EACCES, NULL, closedir, (const char *path), (path))
FAULT(struct dirent *, readdir, EIO, NULL, (DIR *folder), (folder))
FAULT_RELEASE(closedir, (DIR *folder), (folder))

/* Streams. */
FAULT_FOUND(FILE *, fopen, EACCES, NULL, fclose, (const char *path, const char *mode), (path, mode))
FAULT(FILE *, fdopen, ENOMEM, NULL, (int fd, const char *mode), (fd, mode))
FAULT(FILE *, tmpfile, EMFILE, NULL, (void), ())
FAULT(FILE *, open_memstream, ENOMEM, NULL, (char **text, size_t *size), (text, size))
FAULT(int, setvbuf, ENOMEM, -1, (FILE *stream, char *buffer, int mode, size_t size),
      (stream, buffer, mode, size))
FAULT(struct group *, fgetgrent, EIO, NULL, (FILE *stream), (stream))
FAULT_RELEASE(fclose, (FILE *stream), (stream))
FAULT_STREAM(int, fflush, EOF, (FILE *stream), (stream))
FAULT_STREAM(char *, fgets, NULL, (char *line, int size, FILE *stream), (line, size, stream))
FAULT_STREAM(size_t, fread, 0, (void *data, size_t size, size_t count, FILE *stream),
	     (data, size, count, stream))
FAULT_STREAM(size_t, fwrite, 0, (const void *data, size_t size, size_t count, FILE *stream),
	     (data, size, count, stream))
FAULT_STREAM(int, fputs, EOF, (const char *text, FILE *stream), (text, stream))
FAULT_STREAM(int, fputc, EOF, (int character, FILE *stream), (character, stream))
FAULT_STREAM(int, putc, EOF, (int character, FILE *stream), (character, stream))

__typeof__(puts) fault_puts;
int fault_puts(const char *text)
{
	return stream_due("puts", HERE, stdout) ? EOF : puts(text);
}

__typeof__(putchar) fault_putchar;
int fault_putchar(int character)
{
	return stream_due("putchar", HERE, stdout) ? EOF : putchar(character);
}

__typeof__(fprintf) fault_fprintf;
int fault_fprintf(FILE *stream, const char *format, ...)
{
	va_list args;
	int result;

	if (stream_due("fprintf", HERE, stream))
		return -1;
	va_start(args, format);
	result = vfprintf(stream, format, args);
	va_end(args);
	return result;
}

__typeof__(printf) fault_printf;
int fault_printf(const char *format, ...)
{
	va_list args;
	int result;

	if (stream_due("printf", HERE, stdout))
		return -1;
	va_start(args, format);
	result = vprintf(format, args);
	va_end(args);
	return result;
}

int fault_fscanf(FILE *stream, const char *format, ...);
int fault_fscanf(FILE *stream, const char *format, ...)
{
	va_list args;
	int result;

	if (stream_due("fscanf", HERE, stream))
		return EOF;
	va_start(args, format);
	result = vfscanf(stream, format, args);
	va_end(args);
	return result;
}

/* Memory. */
FAULT_MEMORY(void *, malloc, (size_t size), (size))
FAULT_MEMORY(void *, calloc, (size_t count, size_t size), (count, size))
FAULT_MEMORY(char *, strdup, (const char *text), (text))
FAULT_MEMORY(char *, strndup, (const char *text, size_t size), (text, size))
FAULT_MEMORY(char *, realpath, (const char *path, char *resolved), (path, resolved))
FAULT(void *, tsearch, ENOMEM, NULL, (const void *key, void **root,
	int (*compare)(const void *, const void *)), (key, root, compare))

__typeof__(realloc) fault_realloc;
void *fault_realloc(void *memory, size_t size)
{
	if (fault_due("realloc", HERE, ENOMEM))
		return NULL;
	fault_drop(memory);
	return fault_keep(realloc(memory, size));
}

__typeof__(reallocarray) fault_reallocarray;
void *fault_reallocarray(void *memory, size_t count, size_t size)
{
	if (fault_due("reallocarray", HERE, ENOMEM))
		return NULL;
	fault_drop(memory);
	return fault_keep(reallocarray(memory, count, size));
}

__typeof__(free) fault_free;
void fault_free(void *memory)
{
	fault_drop(memory);
	free(memory);
}

__typeof__(getline) fault_getline;
ssize_t fault_getline(char **line, size_t *size, FILE *stream)
{
	ssize_t length;

	if (stream_due("getline", HERE, stream))
		return -1;
	fault_drop(*line);
	length = getline(line, size, stream);
	fault_keep(*line);
	return length;
}

__typeof__(vasprintf) fault_vasprintf;
int fault_vasprintf(char **text, const char *format, va_list args)
{
	int length;

	if (fault_due("vasprintf", HERE, ENOMEM))
		return -1;
	length = vasprintf(text, format, args);
	if (length >= 0)
		fault_keep(*text);
	return length;
}

__typeof__(asprintf) fault_asprintf;
int fault_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int length;

	if (fault_due("asprintf", HERE, ENOMEM))
		return -1;
	va_start(args, format);
	length = vasprintf(text, format, args);
	va_end(args);
	if (length >= 0)
		fault_keep(*text);
	return length;
}

/* jansson: for want of memory. What a call takes over it frees. */
FAULT(json_t *, json_array, ENOMEM, NULL, (void), ())
FAULT(json_t *, json_object, ENOMEM, NULL, (void), ())
FAULT(json_t *, json_integer, ENOMEM, NULL, (json_int_t value), (value))
FAULT(json_t *, json_real, ENOMEM, NULL, (double value), (value))
FAULT(json_t *, json_string, ENOMEM, NULL, (const char *text), (text))
FAULT(json_t *, json_copy, ENOMEM, NULL, (json_t *value), (value))
FAULT(json_t *, json_deep_copy, ENOMEM, NULL, (const json_t *value), (value))
FAULT(char *, json_dumps, ENOMEM, NULL, (const json_t *value, size_t flags), (value, flags))
FAULT(int, json_dumpfd, ENOSPC, -1, (const json_t *value, int fd, size_t flags), (value, fd, flags))
FAULT(int, json_object_update, ENOMEM, -1, (json_t *object, json_t *other), (object, other))
FAULT(int, json_dump_callback, ENOMEM, -1, (const json_t *value, json_dump_callback_t take,
	void *data, size_t flags), (value, take, data, flags))

__typeof__(json_object_set_new) fault_json_object_set_new;
int fault_json_object_set_new(json_t *object, const char *key, json_t *value)
{
	if (!fault_due("json_object_set_new", HERE, ENOMEM))
		return json_object_set_new(object, key, value);
	json_decref(value);
	return -1;
}

__typeof__(json_array_append_new) fault_json_array_append_new;
int fault_json_array_append_new(json_t *array, json_t *value)
{
	if (!fault_due("json_array_append_new", HERE, ENOMEM))
		return json_array_append_new(array, value);
	json_decref(value);
	return -1;
}

__typeof__(json_array_set_new) fault_json_array_set_new;
int fault_json_array_set_new(json_t *array, size_t index, json_t *value)
{
	if (!fault_due("json_array_set_new", HERE, ENOMEM))
		return json_array_set_new(array, index, value);
	json_decref(value);
	return -1;
}

__typeof__(json_loadf) fault_json_loadf;
json_t *fault_json_loadf(FILE *stream, size_t flags, json_error_t *error)
{
	if (!stream_due("json_loadf", HERE, stream))
		return json_loadf(stream, flags, error);
	*error = (json_error_t){ .text = "unable to read" };
	return NULL;
}

__typeof__(json_loads) fault_json_loads;
json_t *fault_json_loads(const char *text, size_t flags, json_error_t *error)
{
	if (!fault_due("json_loads", HERE, ENOMEM))
		return json_loads(text, flags, error);
	*error = (json_error_t){ .text = "no memory", .text[JSON_ERROR_TEXT_LENGTH - 1] = json_error_out_of_memory };
	return NULL;
}

__typeof__(json_loadfd) fault_json_loadfd;
json_t *fault_json_loadfd(int fd, size_t flags, json_error_t *error)
{
	return fault_due("json_loadfd", HERE, ENOMEM) ? NULL : json_loadfd(fd, flags, error);
}

/* Values that were handed over are freed, as json_pack() does where it fails half-way. */
__typeof__(json_pack) fault_json_pack;
json_t *fault_json_pack(const char *format, ...)
{
	va_list args;
	json_t *value;

	va_start(args, format);
	value = json_vpack_ex(NULL, 0, format, args);
	va_end(args);
	if (!fault_due("json_pack", HERE, ENOMEM))
		return value;
	json_decref(value);
	return NULL;
}

__typeof__(json_sprintf) fault_json_sprintf;
json_t *fault_json_sprintf(const char *format, ...)
{
	va_list args;
	json_t *value;

	if (fault_due("json_sprintf", HERE, ENOMEM))
		return NULL;
	va_start(args, format);
	value = json_vsprintf(format, args);
	va_end(args);
	return value;
}

/* iniparser, libfdt, libtracefs. */
FAULT(dictionary *, iniparser_load, ENOMEM, NULL, (const char *path), (path))
FAULT(int, fdt_create, 0, -FDT_ERR_NOSPACE, (void *tree, int size), (tree, size))
FAULT(int, fdt_begin_node, 0, -FDT_ERR_NOSPACE, (void *tree, const char *name), (tree, name))
FAULT(int, fdt_end_node, 0, -FDT_ERR_NOSPACE, (void *tree), (tree))
FAULT(int, fdt_finish, 0, -FDT_ERR_NOSPACE, (void *tree), (tree))
FAULT(int, fdt_finish_reservemap, 0, -FDT_ERR_NOSPACE, (void *tree), (tree))
FAULT(int, fdt_property, 0, -FDT_ERR_NOSPACE, (void *tree, const char *name, const void *value,
	int size), (tree, name, value, size))
FAULT(int, fdt_property_placeholder, 0, -FDT_ERR_NOSPACE, (void *tree, const char *name, int size,
	void **value), (tree, name, size, value))
FAULT(const char *, tracefs_tracing_dir, ENODEV, NULL, (void), ())
FAULT(struct tracefs_instance *, tracefs_instance_create, EBUSY, NULL, (const char *name), (name))
FAULT(char **, tracefs_instances, ENOMEM, NULL, (const char *pattern), (pattern))
FAULT(struct tracefs_dynevent **, tracefs_dynevent_get_all, ENOMEM, NULL, (unsigned int types,
	const char *system), (types, system))
FAULT(int, tracefs_dynevent_create, EINVAL, -1, (struct tracefs_dynevent *event), (event))
FAULT(enum tracefs_dynevent_type, tracefs_dynevent_info, ENOMEM, TRACEFS_DYNEVENT_UNKNOWN,
      (struct tracefs_dynevent *event, char **system, char **name, char **prefix, char **address,
       char **format), (event, system, name, prefix, address, format))
FAULT(int, tracefs_event_enable, EBUSY, -1, (struct tracefs_instance *instance, const char *system,
	const char *event), (instance, system, event))
FAULT(int, tracefs_instance_file_write, EIO, -1, (struct tracefs_instance *instance,
	const char *file, const char *text), (instance, file, text))
FAULT(int, tracefs_option_enable, EINVAL, -1, (struct tracefs_instance *instance,
	enum tracefs_option_id option), (instance, option))
FAULT(int, tracefs_iterate_raw_events, ENOMEM, -1, (struct tep_handle *tep,
	struct tracefs_instance *instance, cpu_set_t *cpus, int size,
	int (*take)(struct tep_event *, struct tep_record *, int, void *), void *context),
      (tep, instance, cpus, size, take, context))
FAULT(struct tep_handle *, tracefs_local_events_system, ENOMEM, NULL, (const char *folder,
	const char *const *systems), (folder, systems))
FAULT(struct tracefs_dynevent *, tracefs_kprobe_alloc, ENOMEM, NULL, (const char *system,
	const char *event, const char *address, const char *format), (system, event, address, format))
FAULT(struct tracefs_dynevent *, tracefs_kretprobe_alloc, ENOMEM, NULL, (const char *system,
	const char *event, const char *address, const char *format, unsigned int active),
      (system, event, address, format, active))
