/* SPDX-License-Identifier: GPL-2.0-only */
/* The hosts of a group in few words, as clush -w and pdsh -w take them: node[1-40,42], spare. */
#ifndef HOSTS_H
#define HOSTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* The name of a member's host, or of its file where the report does not know the host; never NULL. */
const char *hosts_name(const json_t *member);
/*
 * Writes the hosts of members, which are sorted by name, in at most `most` names and ranges. Returns how many members
 * that leaves out.
 */
size_t hosts_put(FILE *out, const json_t *members, size_t most);

#endif
