/* SPDX-License-Identifier: GPL-2.0-only */
/* Which call is to fail, and what is left of those that did not. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

/* Counts the call. True, with errno where code is one: it is the one to fail. */
bool fault_due(const char *name, void *from, int code);

/* Memory that the program has to free. Returns it. */
void *fault_keep(void *memory);
void fault_drop(const void *memory);
/* More bytes mapped, or less. */
void fault_count_mapping(long bytes);

#endif
