/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict on a run: each check's pass, fail or skip with its reason, and what they add up to.
 * Pure: nothing here or in checks_*.c reads the host.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>

#include "run/result.h"

enum result { RESULT_PASS, RESULT_FAIL, RESULT_SKIP, RESULT_ERROR };

#define CHECK_MAX 32

struct check {
	const char *name;	/* [a-z0-9._-], stable */
	enum result result;	/* never RESULT_ERROR */
	char reason[384];	/* of a fail or skip; of a pass: what was seen */
	char remedy[256];	/* what to do about it, or "" */
	const char *command;	/* of a fail: that of the run, to replay it; or NULL */
	const char *replay;	/* options that it needs as well, or NULL */
};

struct verdict {
	struct check checks[CHECK_MAX];
	size_t count;
	enum result result;
	int exit_status;	/* 0 pass, 1 fail, 3 error, 4 skip, 128+N on a signal */
};

void verdict_judge(const struct run *run, struct verdict *verdict);

/* Adds the check nested.off, by a second run of builtin:nested-off; NULL: it was not made. */
void verdict_add_nested_off(const struct run *run, const struct run *hidden,
			    struct verdict *verdict);

/* Fails the checks of this list, "rmap.exact,l2.ran", that could not be judged. NULL: none is required. */
void verdict_require(const struct run *run, const char *names, struct verdict *verdict);

/* For `minivmm list checks`: names and what each one asks, in order. */
struct check_info {
	const char *name, *asks;
};
size_t verdict_check_count(void);
const struct check_info *verdict_check_info(size_t index);

const char *result_name(enum result result);	/* "pass", "fail", "skip", "error" */

#endif
