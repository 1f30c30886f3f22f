/* SPDX-License-Identifier: GPL-2.0-only */
/* What a saved kernel log, and the FILE.jsonl of a run, say of a crash: verdict and evidence, as JSON and for people. */
#ifndef CRASH_REPORT_H
#define CRASH_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"
#include "host/kernel_crash.h"
#include "report/journal.h"

#define CRASH_SCHEMA "minivmm.crash/1"

struct crash_evidence {
	struct crash_watch watch;
	size_t lines;			/* that a kernel may have written */
	const char *run_file;		/* the run's FILE.jsonl, or NULL */
	struct journal_end end;		/* what is at its end */
};

/* Reads one log after another: a report may go on in the next, as in the parts of pstore. path is for err. 0 or -errno. */
int crash_read_log(struct crash_evidence *evidence, FILE *log, const char *path, struct err *err);
/* All logs are read; these are their names. NULL: no memory. */
json_t *crash_report(struct crash_evidence *evidence, const char *const *logs, size_t count);
/* For people; any JSON. */
int crash_text(const json_t *report, FILE *out);

#endif
