/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of what ended a KVM_RUN, a nested guest's run or an instruction; "?" for unknown values.
 * L2 exits have the names of the kernel's headers, as the tracepoint kvm_exit and `perf kvm stat`
 * show them.
 */
#ifndef EXITS_H
#define EXITS_H

#include <stdint.h>

#include "minivmm_abi.h"

const char *kvm_exit_name(uint32_t reason);		/* "KVM_EXIT_SHUTDOWN" */
const char *kvm_internal_error_name(uint32_t suberror);
const char *exception_name(uint32_t vector);		/* "#UD" */
const char *svm_exit_name(uint64_t code);		/* "hypercall" */
const char *vmx_exit_name(uint64_t reason);		/* basic reason: "VMCALL" */
const char *vmx_instruction_error_name(uint32_t error);
/* The name of an L2 exit, which the vendor decides. */
const char *l2_exit_name(enum abi_vendor vendor, uint64_t code);

#endif
