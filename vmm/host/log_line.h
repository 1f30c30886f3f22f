/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of a log that was saved: what journalctl, dmesg, a syslog, pstore or a serial console has of a kernel and, some of
 * them, of programs. Each puts something else before the text.
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LOG_LINE 1024		/* more of a line is passed over; of a record the kernel keeps as much */

enum log_origin {
	LOG_KERNEL,		/* the line says so */
	LOG_PROGRAM,
	LOG_EITHER,		/* a console, pstore, dmesg, journalctl -o cat: text alone */
};

struct log_reader {
	FILE *file;
	size_t at, length;		/* of what is in buffer */
	char buffer[16384];
};

/* Reads a line without its end, and without the bytes that no text has: NUL, carriage return. false: there is none. */
bool log_line_read(struct log_reader *reader, char line[LOG_LINE]);
/* Where the line's text begins, behind level, time, host, name and caller. */
const char *log_line_text(const char *line, enum log_origin *origin);

/* "Panic#2 Part5", the first line of a file of pstore: the dump's number, and which part of it. Part 1 is the last one. */
struct pstore_part {
	unsigned int dump, part;	/* 0: it is no such file */
};
struct pstore_part pstore_part(const char *line);

#endif
