/* SPDX-License-Identifier: GPL-2.0-only */
/* A config's run, from opening KVM to closing it. */
#ifndef SESSION_H
#define SESSION_H

#include "config/config.h"
#include "run/result.h"
#include "vm/kvm.h"

/*
 * Everything that the run's threads use. It is on the heap: while a thread is stuck in the kernel,
 * it has to stay until the process ends.
 */
struct session {
	struct config config;
	struct kvm kvm;
	struct run run;
};

/* An empty session, whose config the caller loads. NULL: no memory. */
struct session *session_new(void);
/* Does nothing when run.stuck says that the session must stay. session may be NULL. */
void session_free(struct session *session);

/*
 * Opens KVM, if that is possible, and lays out the config's slots. A run.room that is known already, from an
 * earlier run, stays. Returns 0; -EINVAL with the rules that the config breaks in errors; another -errno with run.err.
 */
int session_open(struct session *session, struct errors *errors);
/* Runs the config: see run_scenario(). */
int session_run(struct session *session);

#endif
