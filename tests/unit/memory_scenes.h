/* SPDX-License-Identifier: GPL-2.0-only */
/* VMs that have memory and no descriptor. */
#ifndef MEMORY_SCENES_H
#define MEMORY_SCENES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "config/layout.h"
#include "vm/backing.h"
#include "vm/vm.h"

#define K 1024ull
#define M (1024 * K)
#define G (1024 * M)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SLOT(slot_name, ...) \
	{ .name = slot_name, .id = -1, .node = -1, __VA_ARGS__ }

static inline void map(struct backing *backing, const struct memslot_cfg *cfg)
{
	struct memslot_cfg settled = *cfg;
	struct err err = { 0 };

	settled.count = cfg->count ? cfg->count : 1;
	if (backing_map(backing, &settled, -1, &err))
		fail_msg("%s", err.text);
}

struct stage {
	struct config config;
	struct layout layout;
	struct kvm kvm;
	struct vm vm;
};

/* The layout of a config that may have got workers since. */
static inline void lay_out(struct stage *stage)
{
	struct errors errors = { 0 };

	layout_free(&stage->layout);
	if (layout_build(&stage->config, &LAYOUT_LIMITS_DEFAULT, &stage->layout, &errors))
		fail_msg("%s", errors.lines[0]);
}

static inline void set(struct stage *stage, struct memslot_cfg *memslots, size_t count)
{
	*stage = (struct stage){ .config = { .memslots = memslots, .memslot_count = count } };
	for (size_t i = 0; i < count; i++) {
		memslots[i].count = memslots[i].count ? memslots[i].count : 1;
		memslots[i].stride = memslots[i].stride ? memslots[i].stride : memslots[i].size;
		memslots[i].plugged = memslots[i].plugged ? memslots[i].plugged : memslots[i].size;
	}
	lay_out(stage);
	stage->vm = (struct vm){ .kvm = &stage->kvm, .layout = &stage->layout, .fd = -1,
				 .backings = calloc(count, sizeof(struct backing)) };
	assert_non_null(stage->vm.backings);
	for (size_t i = 0; i < count; i++)
		if (!memslots[i].alias)
			map(&stage->vm.backings[i], &memslots[i]);
		else
			stage->vm.backings[i].fd = -1;
}

static inline void strike(struct stage *stage)
{
	vm_destroy(&stage->vm);
	layout_free(&stage->layout);
}

#endif
