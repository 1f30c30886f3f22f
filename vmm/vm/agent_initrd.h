/* SPDX-License-Identifier: GPL-2.0-only */
/* The initramfs that holds the agent: Documentation/driver-api/early-userspace/buffer-format.rst, newc. Pure. */
#ifndef AGENT_INITRD_H
#define AGENT_INITRD_H

#include <stddef.h>

/* The archive, to be freed; NULL: no memory. */
void *agent_initrd(size_t *size);

#endif
