/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is typed on the terminal that is a guest's console: the process that waits for the run has the terminal, and passes
 * on to the run what is typed, but for the escape. So the process that runs the guest has no need of the terminal.
 */
#ifndef TYPED_H
#define TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TYPED_ESCAPE 1		/* Ctrl-a */

struct typed {
	int from, to;		/* a pipe to the run; -1: it is closed */
	bool escape;		/* the last key was the escape */
	bool over;		/* nothing more will be typed */
};

int typed_open(struct typed *typed, struct err *err);
void typed_close(struct typed *typed);
/*
 * Takes the escape out of what was typed, and moves the rest to `kept`, which has room for count + 1 bytes. Returns how
 * many these are; *leaves: the run is to end.
 */
size_t typed_filter(struct typed *typed, const uint8_t *bytes, size_t count, uint8_t *kept, bool *leaves);
/* Passes on what waits on standard input. True: the run is to end. */
bool typed_pass_on(struct typed *typed);

#endif
