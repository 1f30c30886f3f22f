/* SPDX-License-Identifier: GPL-2.0-only */
/* What comes out of a command that is many runs: a row for each, and the exit status of all. */
#ifndef RUNS_OUTCOME_H
#define RUNS_OUTCOME_H

#include <jansson.h>
#include <stdbool.h>

struct runs_outcome {
	bool passed, failed;	/* one of them did */
	bool broke;		/* one ended with an error, or has no row */
	int signal;		/* that ended the command, 0: none */
	bool stuck;		/* a vCPU of the last run is, so that no other can begin */
	json_t *rows, *host;	/* host: of the first report, or NULL */
};

/* Takes over row. report: its verdict counts, NULL: there is none. False: no memory for the row, or it is NULL. */
bool runs_outcome_add(struct runs_outcome *outcome, const json_t *report, json_t *row);
int runs_outcome_status(const struct runs_outcome *outcome);

#endif
