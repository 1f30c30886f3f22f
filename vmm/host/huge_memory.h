/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of this process's memory is in huge pages, that is in what KVM may map by 2M or 1G: /proc/self/smaps. */
#ifndef HUGE_MEMORY_H
#define HUGE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Is all of start..start+size mapped by huge pages? False as well where that is not known: smaps can't be read, or one of
 * its mappings reaches beyond that memory. root: "" or a fixture folder.
 */
bool huge_memory_is_whole(const char *root, uint64_t start, uint64_t size);

#endif
