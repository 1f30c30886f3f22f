/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts a vCPU into its nested guest by KVM_SET_NESTED_STATE, as after a migration. */
#ifndef RESTORE_H
#define RESTORE_H

#include "base/err.h"
#include "vm/vcpu.h"

/*
 * For a vCPU that stopped at ABI_PORT_RESTORE; its next KVM_RUN makes the shadow root. 0 or
 * -errno.
 */
int restore_l2(const struct vcpu *vcpu, struct err *err);

#endif
