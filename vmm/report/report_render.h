/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Renderings of a run's report, for report_render(). They read the JSON only, and accept any JSON:
 * a report of another minor version lacks members or has unknown ones.
 */
#ifndef REPORT_RENDER_H
#define REPORT_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* For people. */
int report_text(const json_t *report, FILE *out);
/* A plan, for people. */
int report_text_plan(const json_t *report, FILE *out);
/* The parts of report_text() that have tables; each shows nothing if its figures are missing. */
int report_text_slots(const json_t *report, FILE *out);
int report_text_phases(const json_t *report, FILE *out);
int report_text_memory(const json_t *report, FILE *out);
int report_text_transition(const json_t *report, FILE *out);
int report_text_trace(const json_t *report, FILE *out);
int report_text_runs(const json_t *report, FILE *out);
int report_text_contention(const json_t *report, FILE *out);

/* For programs. Any JSON; a row of slots is written slot by slot. */
int report_json(const json_t *json, FILE *out);
/* For test harnesses: KTAP as in the kernel's Documentation/dev-tools/ktap.rst, and valid TAP. */
int report_ktap(const json_t *report, FILE *out);
/* A line of KTAP for an object with name, result, reason and remedy, as a check is; diagnostics come before it. */
void report_ktap_result(const json_t *check, size_t number, FILE *out);
/* A diagnostic line of KTAP for each line of text, the first with label; NULL: none. */
void report_ktap_diagnose(const char *label, const char *text, FILE *out);
/* For spreadsheets: a line per phase, RFC 4180. An unknown figure is an empty field. */
int report_csv(const json_t *report, FILE *out);
/* For Prometheus: its text exposition format, version 0.0.4. */
int report_prom(const json_t *report, FILE *out);
/* For CI systems: JUnit's XML. */
int report_junit(const json_t *report, FILE *out);
/* One line, to compare the results of many hosts. */
int report_brief(const json_t *report, FILE *out);

/* What several renderings have in common. */
struct report_counts {
	size_t checks, pass, fail, skip;
};
/* "PASS", "FAIL", "SKIP", "ERROR" of the member `result`; "?" for anything else. */
const char *report_result_word(const char *result);
void report_count(const json_t *report, struct report_counts *counts);
/* The whole report in one sentence, without the result itself. */
void report_headline(const json_t *report, char *text, size_t size);
/* Why a run of many did not pass: its headline. null: it passed. NULL: no memory. */
json_t *report_reason(const json_t *report);
/* rmap_state of the last phase that has one; NULL if no source shows it. */
const char *report_last_state(const json_t *report);
/* After an error or a signal no check need fail, yet no harness may take the report for a success. */
bool report_broke(const json_t *report);
#define REPORT_ADVICE 512
/* How much an operator must leave free for the transition, in whole sentences; "" if it is not known. */
void report_advice(const json_t *report, char text[REPORT_ADVICE]);
/* What the user can do about a run that could not be judged, or NULL. */
const char *report_remedy(const json_t *report);

#endif
