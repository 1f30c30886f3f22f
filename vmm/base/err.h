/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ERR_H
#define ERR_H

#include <stdbool.h>

/*
 * One failure, filled in where it happened and printed once, by the command. Functions that can
 * fail return 0 or -errno and take a struct err.
 */
struct err {
	char text[768];		/* what failed, with its argument and errno */
	char remedy[256];	/* what the reader can do about it, or "" */
};

/* Both return -code, so that callers can `return err_set(...)`. */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Appends ": strerror(code)". */
int err_errno(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a remedy to a failure that err_set() or err_errno() has filled in. */
void err_remedy(struct err *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Several failures: the errors of a config. Each is a line without its newline. */
struct errors {
	char **lines;
	unsigned int count;
	bool lost;		/* there was no memory for at least one more */
};

void errors_add(struct errors *errors, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void errors_free(struct errors *errors);

#endif
