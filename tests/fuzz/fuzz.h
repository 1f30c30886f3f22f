/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the harnesses share. Each harness is a file of its own with libFuzzer's entry point; the
 * same file is linked with clang's fuzzer for `make fuzz` and with replay.c for `make check`.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold of any input; where it does not, the input is a find. */
#define MUST(condition) \
	do { \
		if (!(condition)) \
			fuzz_fail(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/* A regular file without a name that holds the bytes, at its start. */
int fuzz_file(const void *data, size_t size);

/*
 * Keep nothing of what is written to them. The first takes no control character but newlines, and none that changes the
 * order of text: nothing of an input may act on a terminal, or on who reads it. It judges when it is closed.
 */
FILE *fuzz_terminal(void);
FILE *fuzz_sink(void);

/*
 * The only files there are: an input is a sequence of them, each begun by a line
 * "=== NAME"; what stands before the first such line is the file "main". The program's open(),
 * fopen(), stat(), readlink() and opendir() are wrapped (-Wl,--wrap), so that from files_set() to
 * files_clear() no include and no parser gets at a file of the machine. NAME is a path as the
 * program asks for it.
 */
void files_set(const uint8_t *data, size_t size);
/* Returns the file's bytes, or NULL if there is no such file. */
const char *files_get(const char *name, size_t *size);
void files_clear(void);

#endif
