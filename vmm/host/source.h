/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources share among themselves; the rest of the program uses snapshot.h. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host/snapshot.h"

/* All return 0 or -errno with the reason in why, and then leave the figures alone. */
int vmallocinfo_read(const struct sources *sources, struct snapshot *snapshot,
		char why[SOURCE_WHY]);
int meminfo_read(const struct sources *sources, struct snapshot *snapshot,
		char why[SOURCE_WHY]);
int rmaps_stat_read(const struct sources *sources, struct snapshot *snapshot,
		char why[SOURCE_WHY]);

/* Once: what is charged to another cgroup, should the process be moved, is no difference. */
void cgroup_open(struct sources *sources);
int cgroup_read(const struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY]);
int kvm_stats_read(const struct sources *sources, struct snapshot *snapshot,
		char why[SOURCE_WHY]);
int kvm_debugfs_read(const struct sources *sources, struct snapshot *snapshot,
		char why[SOURCE_WHY]);
int slabinfo_read(const struct sources *sources, struct snapshot *snapshot,
		char why[SOURCE_WHY]);

int process_read(const struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY]);

void klog_open(struct sources *sources);
int klog_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY]);

/* The file under the root prefix. Returns buffer. */
char *source_path(char buffer[SOURCE_PATH], const char *root, const char *path);
/* Says "PATH: what errno means". Returns -code. */
int source_errno(char why[SOURCE_WHY], int code, const char *path);
int source_open(FILE **file, const char *root, const char *path, char why[SOURCE_WHY]);
/* Closes it and puts a parser's failure into words. Returns code. */
int source_close(FILE *file, const char *path, int code, char why[SOURCE_WHY]);
/* After the last line: 0, or -errno of a read that failed midway. */
int source_end(FILE *file);

/* The VM's folder in debugfs, "PID-FD", for as long as there is one to be known. 0 or -errno. */
#define DEBUGFS "/sys/kernel/debug"
#define DEBUGFS_VM 32
int debugfs_own_vm(const char *root, pid_t creator, int fd, char vm[DEBUGFS_VM],
		   char why[SOURCE_WHY]);
/* File `name` of the folder vm, which came with Linux `since`; why says what is missing. */
int debugfs_open(FILE **file, const char *root, const char *vm, const char *name,
		 const char *since, char why[SOURCE_WHY]);

/* Takes decimal digits from the front of *text; false and nothing taken if none, or too large. */
bool source_number(const char **text, uint64_t *value);

#endif
