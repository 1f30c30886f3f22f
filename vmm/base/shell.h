/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines that a person or a program may paste into a shell. */
#ifndef SHELL_H
#define SHELL_H

/* "PROGRAM WORD ...", each word quoted where it must be. To be freed; NULL: no memory. */
char *shell_line(const char *program, int count, const char *const *words);

#endif
