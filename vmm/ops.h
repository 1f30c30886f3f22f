/* SPDX-License-Identifier: GPL-2.0-only */
/* THE table of what workers can do: config words, `list ops` and the code of each come from it. */
#ifndef OPS_H
#define OPS_H

#include <stdbool.h>
#include <stddef.h>

/* id, name, what it needs, what one round is */
#define WORKER_OPS(X)                                                                          \
	X(DIRTY_LOG_TOGGLE, "dirty-log-toggle", OP_SLOT,                                      \
	  "switches dirty logging of a slot on and off")                                      \
	X(DIRTY_LOG_CYCLE, "dirty-log-cycle", OP_SLOT | OP_MANUAL_LOG,                        \
	  "as a migration does: dirty logging on, get the log, clear it, logging off")        \
	X(DISCARD, "discard", OP_SLOT | OP_LOSES_DATA,                                        \
	  "gives up to 1 MiB of what the phase writes in a slot back to the host (MADV_DONTNEED)")

/* What an op needs, or what it does to the rest of the run. */
enum op_needs {
	OP_SLOT = 1,		/* a memslot to work on */
	OP_MANUAL_LOG = 2,	/* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: get does not clear */
	OP_LOSES_DATA = 4,	/* what the guest wrote may read back as 0 */
};

enum worker_op {
#define OP_ENUM(id, name, needs, help) OP_##id,
	WORKER_OPS(OP_ENUM)
#undef OP_ENUM
	OP_COUNT
};

struct op_info {
	const char *name, *help;
	unsigned int needs;	/* enum op_needs */
};

const struct op_info *op_info(int op);

#endif
