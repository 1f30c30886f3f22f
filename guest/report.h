/* SPDX-License-Identifier: GPL-2.0-only */
/* The vCPU's struct abi_report. */
#ifndef REPORT_H
#define REPORT_H

#include "minivmm_abi.h"

struct cpu;

void report_message(struct cpu *cpu, const char *message);
/* Sets the message; returns status, so that callers can `return report_failure(...)`. */
enum abi_status report_failure(struct cpu *cpu, enum abi_status status, const char *message);
/* Tells the VMM; returns only with ABI_OK. */
void report_status(struct cpu *cpu, enum abi_status status);

#endif
