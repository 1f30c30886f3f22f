/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing to a FIFO, pipe or terminal whose reader may be slow, or stuck for ever. */
#ifndef PATIENT_H
#define PATIENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes all of data to fd, which has O_NONBLOCK. SIGINT, SIGTERM and SIGHUP may be blocked (vm/signals.h): one that is
 * pending while the reader does not read ends this within a second. 0, -EINTR for such a signal, or another -errno.
 */
int write_patiently(int fd, const void *data, size_t size);

/* On: a signal has come, which need not be pending: no thread waits for longer than that. */
void patient_hurry(bool on);

#endif
