/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands deliver, and THE table of the formats it can be rendered in. */
#ifndef FORMATS_H
#define FORMATS_H

#include <stdbool.h>

#include "report/report.h"

/* Kinds of JSON results; each has renderings of its own. */
enum document {
	DOCUMENT_RUN, DOCUMENT_PLAN, DOCUMENT_SWEEP, DOCUMENT_STAT, DOCUMENT_MERGE, DOCUMENT_DIFF,
	DOCUMENT_HEADROOM, DOCUMENT_KERNELS, DOCUMENT_CRASH, DOCUMENT_COUNT
};

#define DOCUMENT(kind) (1u << DOCUMENT_##kind)	/* for sets of them */

struct format {
	const char *name, *help;
	bool saved;		/* -o FILE gets it as well, instead of JSON */
	report_renderer *render[DOCUMENT_COUNT];	/* NULL: there is no such rendering */
};

/* The format of that name that can render one of `documents`; NULL if there is none. */
const struct format *format_find(const char *name, unsigned int documents);
/* The format that has this renderer; the first of the table if there is none. */
const struct format *format_of(report_renderer *render);

#define FORMATS_TEXT 384

/* "text, json": the formats that can render one of `documents`. */
char *format_names(char text[FORMATS_TEXT], unsigned int documents);
/* "text (default, for people), json (for programs)" */
char *format_help(char text[FORMATS_TEXT], unsigned int documents, const struct format *standard);

#endif
