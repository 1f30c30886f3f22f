/* SPDX-License-Identifier: GPL-2.0-only */
/* payload = linux: a kernel of the user's in a PC. What the phases ask of it. */
#ifndef GUEST_LINUX_H
#define GUEST_LINUX_H

#include "vm/pc.h"

struct payload;
struct vcpu_set;

/* The guest's devices: what it waits for, and what has happened. */
struct pc *linux_pc(const struct payload *payload);
/* Tells the guest that its vCPUs were paused, so that it does not take the time for a hang of its own. */
void linux_was_paused(const struct vcpu_set *set);

#endif
