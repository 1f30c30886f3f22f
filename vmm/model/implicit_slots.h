/* SPDX-License-Identifier: GPL-2.0-only */
/* The memslots that KVM makes by itself for a VM whose interrupt controllers it has. Pure. */
#ifndef IMPLICIT_SLOTS_H
#define IMPLICIT_SLOTS_H

#include "config/layout.h"
#include "host/host.h"

/* What KVM_SET_IDENTITY_MAP_ADDR and KVM_SET_TSS_ADDR are told. */
#define IMPLICIT_IDENTITY_MAP_GPA 0xfffbc000ull
#define IMPLICIT_TSS_GPA 0xfffbd000ull

/* Adds them to the layout, for each of so many address spaces. */
void implicit_slots_add(const struct host *host, unsigned int spaces, struct layout *layout);

#endif
