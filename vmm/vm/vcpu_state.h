/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VCPU_STATE_H
#define VCPU_STATE_H

#include <stddef.h>

#include "vm/vcpu.h"

/* Registers as minivmm_abi.h promises them to the payload. */
int vcpu_init_state(const struct vcpu *vcpu, const struct payload *payload, struct err *err);
/* Registers as lines of text. */
void vcpu_dump(const struct vcpu *vcpu, char *text, size_t size);

#endif
