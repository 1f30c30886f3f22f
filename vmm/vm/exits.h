/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of what ended a KVM_RUN, a nested guest's run or an instruction. Unknown values: "?". */
#ifndef EXITS_H
#define EXITS_H

#include <stdint.h>

#include "minivmm_abi.h"

const char *kvm_exit_name(uint32_t reason);		/* "KVM_EXIT_SHUTDOWN" */
const char *kvm_internal_error_name(uint32_t suberror);
const char *exception_name(uint32_t vector);		/* "#UD" */
const char *svm_exit_name(uint64_t code);		/* "SVM_EXIT_VMMCALL" */
const char *vmx_exit_name(uint64_t reason);		/* basic reason: "EXIT_REASON_VMCALL" */
const char *vmx_instruction_error_name(uint32_t error);
/* By vendor: an L2 exit's name. */
const char *l2_exit_name(enum abi_vendor vendor, uint64_t code);

#endif
