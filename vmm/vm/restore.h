/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RESTORE_H
#define RESTORE_H

#include "base/err.h"
#include "vm/vcpu.h"

/* Puts a vCPU that stopped at ABI_PORT_RESTORE into L2; its next KVM_RUN makes the shadow root. */
int restore_l2(const struct vcpu *vcpu, struct err *err);

#endif
