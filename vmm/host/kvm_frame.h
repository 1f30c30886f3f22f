/* SPDX-License-Identifier: GPL-2.0-only */
/* Which lines of a kernel's report name KVM: its modules, its files, or functions of a KVM that is built in. */
#ifndef KVM_FRAME_H
#define KVM_FRAME_H

#include <stdbool.h>

/*
 * A line that follows an alarm, blanks at its begin included: does it name a function of KVM's modules or files, or one of
 * its locks in lockdep's words? What the unwinder is not sure of ("? ") names nothing.
 */
bool kvm_frame_names(const char *text);

#endif
