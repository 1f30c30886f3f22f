// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/kernel_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define WORDS_MAX 64
#define LINE_MAX_BYTES 16384

static int complain(struct errors *errors, const char *path, unsigned int line, const char *rule)
{
	errors_add(errors, "%s:%u: %s", path, line, rule);
	return -EINVAL;
}

/* Takes a word off the line, without its quotes, in place. NULL: there is none; *open: a quote is not closed. */
static char *take_word(char **rest, bool *open)
{
	char *from = *rest + strspn(*rest, BLANKS), *word = from, *to = from;
	bool quoted = false;

	if (!*from)
		return NULL;
	for (; *from && (quoted || !strchr(BLANKS, *from)); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*rest = *from ? from + 1 : from;
	*to = '\0';
	*open = quoted;
	return word;
}

static char *kernel_word(const char *list, const char *kernel)
{
	const char *slash = strrchr(list, '/');
	int folder = slash && kernel[0] != '/' ? (int)(slash - list) + 1 : 0;
	char *word;

	return asprintf(&word, "guest.kernel=%.*s%s", folder, list, kernel) < 0 ? NULL : word;
}

/* Adds a word to the kernel's, whose array has room for all. */
static int add_word(const char *path, struct kernel_line *kernel, const char *word, struct errors *errors)
{
	char *copy;

	if (kernel->count == WORDS_MAX)
		return complain(errors, path, kernel->line, "a line may have 64 words");
	if (kernel->count && !strchr(word, '='))
		return complain(errors, path, kernel->line, "after the kernel only overrides SECTION.KEY=VALUE may follow");
	copy = kernel->count ? strdup(word) : kernel_word(path, word);
	if (!copy)
		return -ENOMEM;
	kernel->words[kernel->count++] = copy;
	return 0;
}

static int add_kernel(const char *path, unsigned int line, char *text, struct kernel_list *list,
		      struct errors *errors)
{
	struct kernel_line *larger = realloc(list->kernels, (list->count + 1) * sizeof(*larger)), *kernel;
	bool open = false;
	int code = 0;
	char *word;

	if (!larger)
		return -ENOMEM;
	list->kernels = larger;
	kernel = &larger[list->count];
	*kernel = (struct kernel_line){ .line = line, .words = calloc(WORDS_MAX, sizeof(char *)) };
	if (!kernel->words)
		return -ENOMEM;
	list->count++;
	while (!code && (word = take_word(&text, &open)))
		code = open ? complain(errors, path, line, "a quote is not closed") :
			      add_word(path, kernel, word, errors);
	return code;
}

static bool is_comment(const char *text)
{
	text += strspn(text, BLANKS);
	return !*text || *text == '#' || *text == ';';
}

static int read_lines(FILE *file, const char *path, struct kernel_list *list, struct errors *errors)
{
	char text[LINE_MAX_BYTES];
	int result = 0;

	for (unsigned int line = 1; fgets(text, sizeof(text), file); line++) {
		int code = 0;

		if (strlen(text) == sizeof(text) - 1)
			return complain(errors, path, line, "the line is longer than 16382 characters");
		if (!is_comment(text))
			code = add_kernel(path, line, text, list, errors);
		if (code == -ENOMEM)
			return code;
		result = code ? code : result;
	}
	return ferror(file) ? -errno : result;
}

int kernel_list_read(const char *path, struct kernel_list *list, struct errors *errors)
{
	FILE *file = fopen(path, "re");
	int code;

	*list = (struct kernel_list){ 0 };
	if (!file) {
		code = -errno;
		errors_add(errors, "%s: %s", path, strerror(errno));
		return code;
	}
	code = read_lines(file, path, list, errors);
	fclose(file);
	if (code && code != -EINVAL)
		errors_add(errors, "%s: %s", path, strerror(-code));
	if (!code && !list->count) {
		errors_add(errors, "%s: it lists no kernel", path);
		code = -EINVAL;
	}
	if (code)
		kernel_list_free(list);
	return code;
}

void kernel_list_free(struct kernel_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		for (size_t j = 0; j < list->kernels[i].count; j++)
			free(list->kernels[i].words[j]);
		free(list->kernels[i].words);
	}
	free(list->kernels);
	*list = (struct kernel_list){ 0 };
}
