/* SPDX-License-Identifier: GPL-2.0-only */
/* Fills the vCPU's struct abi_report, and tells the VMM. */
#ifndef REPORT_H
#define REPORT_H

#include "minivmm_abi.h"
#include "touch.h"

struct cpu;

void report_message(struct cpu *cpu, const char *message);
/* Sets the message; returns status, so that callers can `return report_failure(...)`. */
enum abi_status report_failure(struct cpu *cpu, enum abi_status status, const char *message);
/* ABI_BAD_MEMORY, with the page in the report. */
enum abi_status report_page(struct cpu *cpu, const struct touch_error *error, const char *message);
/* Checks the pages of touch_write(): ABI_OK, or report_page(). */
enum abi_status report_touched(struct cpu *cpu, const struct touch *touch);
/* Tells the VMM; returns only with ABI_OK. */
void report_status(struct cpu *cpu, enum abi_status status);

#endif
