/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The renderings behind report_render(). They read the JSON only, and take any:
 * a report of another minor version lacks members or has unknown ones.
 */
#ifndef REPORT_RENDER_H
#define REPORT_RENDER_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* For people. 0 or -ENOMEM; errors of the stream stay in the stream. */
int report_text(const json_t *report, FILE *out);
/* The same of a plan. */
int report_text_plan(const json_t *report, FILE *out);
/* Its parts with columns of figures; nothing is shown of what is not there. */
int report_text_slots(const json_t *report, FILE *out);
int report_text_phases(const json_t *report, FILE *out);
int report_text_memory(const json_t *report, FILE *out);
int report_text_transition(const json_t *report, FILE *out);
int report_text_trace(const json_t *report, FILE *out);
int report_text_contention(const json_t *report, FILE *out);

/* For spreadsheets: a line per phase, RFC 4180. What is not known is an empty field. */
void report_csv(const json_t *report, FILE *out);
/* For Prometheus: its text exposition format, version 0.0.4. */
void report_prom(const json_t *report, FILE *out);

/* For test harnesses: Documentation/dev-tools/ktap.rst of the kernel; TAP parsers take it, too. */
void report_ktap(const json_t *report, FILE *out);

/* One line for the results of many hosts. */
void report_brief(const json_t *report, FILE *out);

/* What several renderings say of a report. */
struct report_counts {
	size_t checks, pass, fail, skip;
};
void report_count(const json_t *report, struct report_counts *counts);
/* The whole report in one sentence, without the result itself. */
void report_headline(const json_t *report, char *text, size_t size);
/* rmap_state of the last phase that has one, or NULL where no source told. */
const char *report_last_state(const json_t *report);
/* What to do about a run that could not be judged, or NULL. */
const char *report_remedy(const json_t *report);

#endif
