/* SPDX-License-Identifier: GPL-2.0-only */
/* Which call is to fail, and what is left of those that did not. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/*
 * Between walk and the program, which walk starts with FAULTS_LOG in its environment: for each
 * fault_run that it reads here it forks a process that runs main(), and says that one's pid and,
 * when it has ended, its wait status.
 */
#define FAULT_REQUEST_FD 901
#define FAULT_REPLY_FD 902

struct fault_run {
	unsigned long turn, place;	/* of the call that fails; turn 0: none fails, all are logged */
};

/* Counts the call. True, with errno where code is one: it is the one to fail. */
bool fault_due(const char *name, void *from, int code);

/* Memory that the program has to free. Returns it. */
void *fault_keep(void *memory);
void fault_drop(const void *memory);
/* More bytes mapped, or less. */
void fault_count_mapping(long bytes);

#endif
