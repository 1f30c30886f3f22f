/* SPDX-License-Identifier: GPL-2.0-only */
/* A config's run, from opening KVM to closing it. */
#ifndef SESSION_H
#define SESSION_H

#include "config.h"
#include "run.h"

/*
 * Returns 0 with something to judge in run, even if it is that nothing could be run;
 * -EINVAL with the rules that the config breaks in errors; another -errno with run->err.
 * run is empty at first and to be freed in any case.
 */
int session_run(const struct config *config, struct run *run, struct errors *errors);

#endif
