/* SPDX-License-Identifier: GPL-2.0-only */
/* A config's run, from opening KVM to closing it. */
#ifndef SESSION_H
#define SESSION_H

#include "config/config.h"
#include "run/result.h"
#include "vm/kvm.h"

/*
 * All that its threads use. One that is stuck in the kernel keeps it until the process ends, so it
 * is on the heap.
 */
struct session {
	struct config config;
	struct kvm kvm;
	struct run run;
};

/* Empty: config is the caller's to load. NULL: no memory. */
struct session *session_new(void);
/* Nothing happens to one that run.stuck says must stay, or to NULL. */
void session_free(struct session *session);

/*
 * Opens KVM, if it can be, and lays out the config's slots. 0; -EINVAL with the rules that the
 * config breaks in errors; another -errno with run.err.
 */
int session_open(struct session *session, struct errors *errors);
/* 0 with something to judge in session->run, even if it is that nothing could be run; -errno with run.err. */
int session_run(struct session *session);

#endif
