/* SPDX-License-Identifier: GPL-2.0-only */
/* The outcome of one run of the program in which one call fails, and its judgement. */
#ifndef WALK_H
#define WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUT_FILE "out.json"	/* what a case gives -o */

struct call {
	char name[48];
	unsigned long place;		/* offset into the program */
	unsigned long turn;		/* among the calls from there, from 1 */
	const char *function;		/* where that is, or "?" */
	int code;			/* errno, 0: it fails otherwise */
};

struct outcome {
	struct call call;		/* that failed; name "": none did */
	bool timeout;
	int signal, status;
	const char *out, *err;		/* stdout and stderr */
	size_t out_size, err_size;
	json_t *shown, *saved;		/* stdout and OUT_FILE as JSON, or NULL */
	bool file, litter;		/* there is OUT_FILE; there is a temporary file */
	int fds;			/* left at exit */
	long mapped_pages;
	size_t vms;			/* on this host, as far as debugfs is to be seen */
	size_t traces;			/* kprobes and tracing instances of minivmm's */
	unsigned long memory;
};

/* Loads the functions of a program, as nm lists them; names the one at an offset into it. */
void places_load(const char *program);
const char *place_name(unsigned long place);

/* Returns NULL, or what is wrong with now. base is the outcome where nothing failed. */
const char *judge(const struct outcome *base, const struct outcome *now);

/* What the programs share that run minivmm with one call failing (walk.c) or denied (denied.c). */
static inline _Noreturn void die(const char *what)
{
	perror(what);
	exit(3);
}

/* The text of a file, for free(). */
static inline char *take(int fd, size_t *size)
{
	struct stat stat;
	char *text;

	fstat(fd, &stat);
	*size = (size_t)stat.st_size;
	text = calloc(1, *size + 1);
	if (!text || pread(fd, text, *size, 0) != (ssize_t)*size)
		die("reading the output");
	return text;
}

#endif
