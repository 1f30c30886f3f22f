/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * payload = nested, the L1 that is built in (guest/): minivmm_abi.h says how VMM and payload talk.
 * This header is for the two files behind guest_nested and for struct vcpu, which has a struct
 * nested_vcpu.
 */
#ifndef GUEST_NESTED_H
#define GUEST_NESTED_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"
#include "vm/payload.h"

struct vcpu;

struct nested_vcpu {
	bool abi_seen;			/* it has told its ABI version, as it must first */
	bool asks;			/* it stopped in its read of ABI_PORT_NEXT */
	char console[256];		/* what it printed; the rest is dropped */
};

/* The vCPU's block: its report, its stack and its tables. */
static inline uint64_t nested_block(const struct payload *payload, unsigned int vcpu)
{
	return payload->vcpu_blocks + (uint64_t)vcpu * ABI_VCPU_PAGES * ABI_PAGE_SIZE;
}

/* guest_nested_boot.c */
int nested_place(const struct layout *layout, struct payload *payload, struct err *err);
int nested_load(struct payload *payload, const struct vm *vm, struct err *err);
int nested_start(const struct vcpu *vcpu, struct err *err);

#endif
