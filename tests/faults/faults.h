/* SPDX-License-Identifier: GPL-2.0-only */
/* Decides which call fails, and counts what the program does not release. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/*
 * The protocol between walk and the program, which walk starts with FAULTS_LOG in its environment.
 * For each fault_run that the program reads, it forks a process that runs main(). It answers with
 * the pid of that process and, when the process has ended, with its wait status.
 */
#define FAULT_REQUEST_FD 901
#define FAULT_REPLY_FD 902

struct fault_run {
	unsigned long turn, place;	/* of the call that fails; turn 0: none fails, all are logged */
};

/* Counts the call. Returns true if it has to fail, and sets errno to code if that is not 0. */
bool fault_due(const char *name, void *from, int code);

/* Notes memory that the program has to free, and returns it. */
void *fault_keep(void *memory);
void fault_drop(const void *memory);
/* Adds mapped bytes; a negative number is unmapped ones. */
void fault_count_mapping(long bytes);

#endif
