// SPDX-License-Identifier: GPL-2.0-only
#include "config/ops.h"

#include <string.h>

#include "config/config.h"

static const struct op_info table[OP_COUNT] = {
#define THREAD_ROW(id, name, traits, job, steps, help) { name, help, job, traits },
	THREAD_OPS(THREAD_ROW)
#undef THREAD_ROW
#define VCPU_ROW(id, name, traits, job, steps, help) { name, help, job, (traits) | OP_IN_GUEST },
	VCPU_OPS(VCPU_ROW)
#undef VCPU_ROW
};

const struct op_info *op_info(int op)
{
	return &table[op];
}

unsigned int op_traits_of(const struct config *config, const char *slot)
{
	unsigned int traits = 0;

	for (size_t i = 0; i < config->worker_count; i++) {
		const struct worker_cfg *worker = &config->workers[i];

		if (!slot || (worker->slot && !strcmp(worker->slot, slot)))
			traits |= op_info(worker->op)->traits;
	}
	return traits;
}
