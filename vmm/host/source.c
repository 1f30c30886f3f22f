// SPDX-License-Identifier: GPL-2.0-only
/* What several sources need: paths under a root prefix, reasons why it failed, numbers. */
#include "host/source.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/value.h"

char *source_path(char buffer[SOURCE_PATH], const char *root, const char *path)
{
	snprintf(buffer, SOURCE_PATH, "%s%s", root, path);
	return buffer;
}

int source_errno(char why[SOURCE_WHY], int code, const char *path)
{
	snprintf(why, SOURCE_WHY, "%s: %s", path, strerror(code));
	return -code;
}

int source_open(FILE **file, const char *root, const char *path, char why[SOURCE_WHY])
{
	char buffer[SOURCE_PATH];

	*file = fopen(source_path(buffer, root, path), "re");
	if (!*file)
		return source_errno(why, errno, path);
	return 0;
}

int source_close(FILE *file, const char *path, int code, char why[SOURCE_WHY])
{
	fclose(file);
	if (code == -EINVAL)
		snprintf(why, SOURCE_WHY, "%s: not in the format this program knows", path);
	else if (code)
		source_errno(why, -code, path);
	return code;
}

int source_end(FILE *file)
{
	if (!ferror(file))
		return 0;
	return errno ? -errno : -EIO;
}

bool source_number(const char **text, uint64_t *value)
{
	const char *digit = *text;
	uint64_t number = 0;

	if (!isdigit((unsigned char)*digit))
		return false;
	for (; isdigit((unsigned char)*digit); digit++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, *digit - '0', &number))
			return false;
	*text = digit;
	*value = number;
	return true;
}

int source_set_figure(json_t *object, const char *name, const char *unit,
		      const struct figure *figure)
{
	char key[48];

	snprintf(key, sizeof(key), "%s%s", name, unit);
	return json_object_set_new(object, key, value_known(figure->known, figure->value));
}

int source_kilobytes(const char *line, const char *name, uint64_t *bytes)
{
	uint64_t kilobytes;

	/* Most lines begin with another letter. */
	if (*line != *name || strncmp(line, name, strlen(name)))
		return 0;
	line += strlen(name);
	line += strspn(line, " ");
	if (!source_number(&line, &kilobytes) || strcmp(line, " kB\n") ||
	    __builtin_mul_overflow(kilobytes, 1024, bytes))
		return -EINVAL;
	return 1;
}
