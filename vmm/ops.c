// SPDX-License-Identifier: GPL-2.0-only
#include "ops.h"

static const struct op_info table[OP_COUNT] = {
#define OP_ROW(id, name, needs, help) { name, help, needs },
	WORKER_OPS(OP_ROW)
#undef OP_ROW
};

const struct op_info *op_info(int op)
{
	return &table[op];
}
