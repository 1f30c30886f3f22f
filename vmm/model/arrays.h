/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * THE table of the arrays that KVM has for each memslot, and the only place of their names: reports,
 * formats and plots take them from here. model.c has the size of each array.
 */
#ifndef ARRAYS_H
#define ARRAYS_H

/* X(ARRAY_..., name in reports, label in charts) */

/* Those that wait for the first shadow root, where the kernel is lazy. */
#define SHADOW_ROOT_ARRAYS(X)                                                                      \
	X(RMAP, "rmap", "rmap")             /* 8 B per 4K, 2M and 1G frame */                      \
	X(TRACKING, "tracking", "tracking") /* gfn write tracking, 2 B per 4K frame */

#define OTHER_ARRAYS(X)                                                                            \
	X(LPAGE_INFO, "lpage_info", "lpage_info") /* 4 B per 2M and 1G frame */                    \
	/* 2 bits per 4K frame, with KVM_MEM_LOG_DIRTY_PAGES */                                    \
	X(DIRTY_BITMAP, "dirty_bitmap", "dirty bitmap")

#define ARRAYS(X) SHADOW_ROOT_ARRAYS(X) OTHER_ARRAYS(X)

#define ARRAY_ENUMERATOR(id, name, label) ARRAY_##id,
enum array { ARRAYS(ARRAY_ENUMERATOR) ARRAY_COUNT };
#undef ARRAY_ENUMERATOR

const char *array_name(enum array array);	/* "rmap" */
const char *array_bytes_key(enum array array);	/* "rmap_bytes", a member of reports */
const char *array_label(enum array array);	/* for people */

#endif
