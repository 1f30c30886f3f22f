/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMM's side of minivmm_agent.h: which command the guest's agent is to run, and what came of it. */
#ifndef AGENT_PORT_H
#define AGENT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tail.h"
#include "config/config.h"
#include "minivmm_agent.h"

/* What an access may mean for the phase that runs. */
enum agent_event { AGENT_NOTHING, AGENT_MARKED, AGENT_ENDED };

struct agent_port {
	const struct config *config;
	size_t phase;			/* the one that runs */
	bool begun, ended;		/* its command */
	char text[AGENT_TEXT_MAX];	/* of the last AGENT_NEXT */
	uint32_t length, next;		/* of the text, and what is read next of it */
	struct tail output;		/* of the phase's command */
};

/* Do the config's phases need an agent in the guest? */
bool agent_is_needed(const struct config *config);
/* The program to become at the end: what guest.args says, or /init. Returns how long it is. */
size_t agent_init_path(const struct config *config, char *path, size_t size);
/*
 * The kernel's arguments, and the one by which it starts the agent. -EINVAL: a quote is not closed, so that
 * this would be a part of another.
 */
int agent_args(const char *args, char *all, size_t size);

void agent_begin_phase(struct agent_port *agent, size_t phase);
uint32_t agent_read(struct agent_port *agent, unsigned int port, unsigned int size);
enum agent_event agent_write(struct agent_port *agent, unsigned int port, unsigned int size,
			     uint32_t value);

#endif
