/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in XML, for JUnit. */
#ifndef XML_H
#define XML_H

#include <stdio.h>

/* As content or in an attribute between double quotes. What XML 1.0 can't have, and what a terminal acts on, is '?'. */
void xml_put(FILE *out, const char *text);

#endif
