/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs of minivmm report. Each prints, and returns the process's exit status. */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include <stddef.h>

#include "cmd/options.h"

struct report_arguments {
	char *const *files;	/* in argv */
	size_t count;
	struct options options;
};

int report_cmd_show(const struct report_arguments *arguments);
int report_cmd_diff(const struct report_arguments *arguments);
int report_cmd_merge(const struct report_arguments *arguments);
int report_cmd_plot(const struct report_arguments *arguments);
int report_cmd_html(const struct report_arguments *arguments);
int report_cmd_crash(const struct report_arguments *arguments);

#endif
