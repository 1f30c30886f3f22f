/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources share among themselves; the rest of the program uses snapshot.h. */
#ifndef SOURCE_H
#define SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/snapshot.h"

/* Fills its figures. 0, or -errno with the reason in why, and then leaves the figures alone. */
typedef int source_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY]);
/* Its figures of a snapshot in which it was read. NULL: out of memory. */
typedef json_t *source_json(const struct snapshot *snapshot);

#define SOURCE_PROTOTYPES(id, name, expensive, open, remedy)                                       \
	source_read name##_read;                                                                   \
	source_json name##_json;
SOURCES(SOURCE_PROTOTYPES)
#undef SOURCE_PROTOTYPES

/* What the table of sources calls once, at the start of a run. */
void klog_open(struct sources *sources);
/* What is charged to another cgroup, should the process be moved there later, does not count. */
void cgroup_open(struct sources *sources);

/* source_memslots.c */
int memslots_ask(struct sources *sources, struct memslots *figures, char why[SOURCE_WHY]);
void memslots_close(struct sources *sources);

/* The file under the root prefix. Returns buffer. */
char *source_path(char buffer[SOURCE_PATH], const char *root, const char *path);
/* Puts "PATH: what errno means" into why. Returns -code. */
int source_errno(char why[SOURCE_WHY], int code, const char *path);
int source_open(FILE **file, const char *root, const char *path, char why[SOURCE_WHY]);
/*
 * For setvbuf() of a table that is long: stdio reads files of /proc by st_blksize, 1 KiB, and each
 * read makes the kernel find its place in the table anew.
 */
#define SOURCE_BUFFER 16384
/* Closes the file; if the parser returned an error code, why says which. Returns code. */
int source_close(FILE *file, const char *path, int code, char why[SOURCE_WHY]);
/* After the last line: 0, or -errno of a read that failed midway. */
int source_end(FILE *file);

/* The folder of a VM of this process in debugfs, "PID-FD". 0, or -errno and why. */
#define DEBUGFS "/sys/kernel/debug"
/* In a container: KVM names its folders after threads in the initial pid namespace. */
bool debugfs_in_pid_namespace(const char *root);
#define DEBUGFS_VM 32
int debugfs_own_vm(const char *root, pid_t creator, int fd, char vm[DEBUGFS_VM],
		   char why[SOURCE_WHY]);
/* Is there a folder of that name for a VM? */
bool debugfs_has(const char *root, const char *vm);
/* Opens file `name` of folder vm, which exists since Linux `since`; else why says what is missing. */
int debugfs_open(FILE **file, const char *root, const char *vm, const char *name,
		 const char *since, char why[SOURCE_WHY]);

/* Adds a member NAMEUNIT: the value, or null if it is not known. 0 or -1. */
int source_set_figure(json_t *object, const char *name, const char *unit,
		      const struct figure *figure);
/* The counters that kvm_stats and kvm_debugfs both read. NULL: out of memory. */
json_t *kvm_counters_json(const struct kvm_counters *kvm);

/* Takes a decimal number from the front of *text. False: there is none, or it is too large. */
bool source_number(const char **text, uint64_t *value);
/*
 * A line of /proc/meminfo or /proc/PID/status, "NAME    123 kB\n": name is all up to the spaces. 1: it is
 * this line; 0: another one; -EINVAL: this one, but without such a figure.
 */
int source_kilobytes(const char *line, const char *name, uint64_t *bytes);

#endif
