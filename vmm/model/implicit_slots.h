/* SPDX-License-Identifier: GPL-2.0-only */
/* The memslots that KVM makes by itself for a VM, most of them where it has the interrupt controllers. Pure. */
#ifndef IMPLICIT_SLOTS_H
#define IMPLICIT_SLOTS_H

#include "config/layout.h"
#include "host/host.h"

/* What KVM_SET_IDENTITY_MAP_ADDR and KVM_SET_TSS_ADDR are told. */
#define IMPLICIT_IDENTITY_MAP_GPA 0xfffbc000ull
#define IMPLICIT_TSS_GPA 0xfffbd000ull

/* A config's memslots have no such names. */
#define IMPLICIT_PREFIX "kvm:"

/*
 * Adds them to the layout, for each of so many address spaces: those of a vendor's module that is loaded, else of
 * the one that the CPU needs, or of Intel's, which has more, where that is not known. The built-in payload's VM has no such
 * controllers: it gets an identity map only, where the CPU has no unrestricted guest. max_slots is KVM_CAP_NR_MEMSLOTS:
 * their ids are above those that a VMM may use.
 */
void implicit_slots_add(const struct host *host, unsigned int spaces, uint32_t max_slots, struct layout *layout);
/* The same for a kernel whose host is not known: those of Intel's, of which AMD's has none. */
void implicit_slots_assume(uint32_t max_slots, struct layout *layout);

#endif
