/* SPDX-License-Identifier: GPL-2.0-only */
/* Several runs of one config in one report (--runs). */
#ifndef REPORT_RUNS_H
#define REPORT_RUNS_H

#include <jansson.h>
#include <stdbool.h>

#define REPORT_RUNS 1000	/* at most */

/*
 * The report of the run with the worst result, with what failed in the others, and with a member `runs`: all results,
 * and median, spread and outliers of every time in the reports. Of one report: that itself. NULL: no memory.
 */
json_t *report_of_runs(const json_t *reports);

/* The same, of reports and one more, which it takes over and which may be NULL: no memory. reports stay as they are. */
json_t *report_of_runs_and(const json_t *reports, json_t *last);

/* The figures of a time of that name in a report's `runs`; NULL if it has none. */
const json_t *report_runs_time(const json_t *report, const char *name);
/* Do the ranges of two such times, of three runs or more each, not overlap? */
bool report_runs_apart(const json_t *a, const json_t *b);

#endif
