// SPDX-License-Identifier: GPL-2.0-only
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	err->remedy[0] = '\0';
	return -code;
}

int err_errno(struct err *err, int code, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	length = strlen(err->text);
	snprintf(err->text + length, sizeof(err->text) - length, ": %s", strerror(code));
	err->remedy[0] = '\0';
	return -code;
}

void err_remedy(struct err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->remedy, sizeof(err->remedy), format, args);
	va_end(args);
}

void errors_add(struct errors *errors, const char *format, ...)
{
	char **lines = realloc(errors->lines, (errors->count + 1) * sizeof(*lines));
	va_list args;

	if (!lines) {
		errors->lost = true;
		return;
	}
	errors->lines = lines;
	va_start(args, format);
	if (vasprintf(&lines[errors->count], format, args) >= 0)
		errors->count++;
	else
		errors->lost = true;
	va_end(args);
}

void errors_free(struct errors *errors)
{
	for (unsigned int i = 0; i < errors->count; i++)
		free(errors->lines[i]);
	free(errors->lines);
	*errors = (struct errors){ 0 };
}
