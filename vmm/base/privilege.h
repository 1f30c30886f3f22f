/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process of root's keeps of its capabilities, for the threads that it makes from then on. docs/security.md says what
 * each is for.
 */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>

/* No program that this one starts can gain a privilege, by set-user-ID or otherwise. */
void privilege_no_new(void);
/* For a run: to read the kernel's memory, log and addresses, and files of other users. 0 or -errno. */
int privilege_limit_run(void);
/*
 * For what reads files without trust: only files of other users, and that only from privilege_raise() to
 * privilege_lower(); nothing for programs that it starts. 0 or -errno.
 */
int privilege_limit_files(void);
/* Around what opens, links or renames a file. False: nothing was raised, and nothing is to be lowered. */
bool privilege_raise(void);
void privilege_lower(bool raised);

#endif
