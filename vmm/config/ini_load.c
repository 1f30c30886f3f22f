// SPDX-License-Identifier: GPL-2.0-only
/* Reads the files of a config, in their order. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/builtin.h"
#include "config/ini.h"

#define FILES_MAX 64		/* also bounds the recursion of includes */
#define TEXT_MAX (4u << 20)	/* of a file */

/* Reads fd to its end, or TEXT_MAX bytes. */
static int read_text(int fd, char **text, size_t *size)
{
	size_t room = 0;

	*text = NULL;
	*size = 0;
	for (;;) {
		ssize_t bytes;

		if (*size == room) {
			char *larger = realloc(*text, room ? 2 * room : 16384);

			if (!larger)
				return -ENOMEM;
			*text = larger;
			room = room ? 2 * room : 16384;
		}
		bytes = read(fd, *text + *size, room - *size);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes <= 0)
			return bytes ? -errno : 0;
		*size += (size_t)bytes;
		if (*size > TEXT_MAX)
			return -EFBIG;
	}
}

static int load_file(struct ini *ini, const char *path, const struct origin *from,
		     const char *written, struct diags *diags);

/* The path of a FILE that `from` includes is relative to the folder of `from`. */
static char *include_path(const char *from, const char *file)
{
	const char *slash = strrchr(from, '/');
	size_t length = slash && *file != '/' ? (size_t)(slash + 1 - from) : 0;
	char *path = malloc(length + strlen(file) + 1);

	if (path) {
		memcpy(path, from, length);
		strcpy(path + length, file);
	}
	return path;
}

/* Reads the files of an include, a comma-separated list. */
static int load_includes(struct ini *ini, const char *file, const struct ini_item *item,
			 struct diags *diags)
{
	struct origin at = { file, item->line };
	char *list = strdup(item->value);
	char *rest = list, *name;
	int code = list ? 0 : -ENOMEM;

	while (!code && (name = strsep(&rest, ","))) {
		char *path;

		name += strspn(name, " \t");
		while (*name && strchr(" \t", name[strlen(name) - 1]))
			name[strlen(name) - 1] = '\0';
		if (!*name) {
			diag_add(diags, at, INI_INCLUDE_SECTION, INI_INCLUDE_KEY, item->value,
				 "a file name is missing: FILE, FILE, ...");
			continue;
		}
		path = include_path(file, name);
		code = path ? load_file(ini, path, &at, name, diags) : -ENOMEM;
		free(path);
	}
	free(list);
	return code;
}

static const char *reason_of(int code)
{
	switch (code) {
	case -ENODEV:
		return INI_NO_PROC;
	case -ENOSPC:
		return "no room for a copy in memory (No space left on device): raise the limit of the size of "
		       "files (ulimit -f)";
	case -EPERM:
		return "this environment denies a system call that reading a config takes (Operation not permitted)";
	case -ENOSYS:
		return "this environment denies a system call that reading a config takes (Function not implemented)";
	default:
		return strerror(-code);
	}
}

/* Reads a file's includes first, so that the file overrides them. */
static int load_text(struct ini *ini, size_t number, char *text, size_t size, struct diags *diags)
{
	const char *name = ini->files[number].name;
	struct ini_items items = { 0 };
	int code = ini_scan(name, number > 0, text, size, &items, diags);

	if (code)
		diag_add(diags, (struct origin){ name, 0 }, NULL, NULL, NULL,
			 "iniparser can't read it: %s", reason_of(code));
	ini->incomplete |= items.incomplete;
	ini->files[number].open = true;
	for (size_t i = 0; !code && i < items.count; i++)
		if (items.list[i].kind == INI_KEY &&
		    !strcmp(items.list[i].section, INI_INCLUDE_SECTION) &&
		    !strcmp(items.list[i].name, INI_INCLUDE_KEY))
			code = load_includes(ini, name, &items.list[i], diags);
	ini->files[number].open = false;
	if (!code)
		code = ini_merge(ini, name, &items, diags);
	ini_items_free(&items);
	return code;
}

/*
 * Returns the index of a new file, or -errno. -EALREADY: it has been read, or is being read. The
 * config itself may be a pipe, as in <(command); an included pipe is a mistake.
 */
static int add_file(struct ini *ini, int fd, const char *name, bool included, bool *open)
{
	struct stat stat;
	struct ini_file *file;

	if (fstat(fd, &stat))
		return -errno;
	if (S_ISDIR(stat.st_mode))
		return -EISDIR;
	if (included && !S_ISREG(stat.st_mode))
		return -ENOTSUP;
	for (size_t i = 0; i < ini->file_count; i++) {
		file = &ini->files[i];
		if (file->device == stat.st_dev && file->inode == stat.st_ino) {
			*open = file->open;
			return -EALREADY;
		}
	}
	if (ini->file_count == FILES_MAX)
		return -EMFILE;
	file = &ini->files[ini->file_count];
	*file = (struct ini_file){ strdup(name), stat.st_dev, stat.st_ino, false };
	if (!file->name)
		return -ENOMEM;
	return (int)ini->file_count++;
}

/* The error is at the include that names the file, or if none does, at the file itself. */
static int refuse(struct ini *ini, const char *path, const struct origin *from, const char *written,
		  int code, struct diags *diags)
{
	const char *rule = code == -EFBIG ? "more than 4 MiB: this is not an ini file" :
			   code == -EMFILE ? "more than 64 files" :
			   code == -ENOTSUP ? "not a regular file" :
			   code == -ELOOP ? "these files include each other" : strerror(-code);

	ini->incomplete = true;
	if (!from)
		diag_add(diags, (struct origin){ path, 0 }, NULL, NULL, NULL, "%s", rule);
	else if (!strcmp(path, written))
		diag_add(diags, *from, INI_INCLUDE_SECTION, INI_INCLUDE_KEY, path, "%s", rule);
	else
		diag_add(diags, *from, INI_INCLUDE_SECTION, INI_INCLUDE_KEY, written, "%s: %s",
			 path, rule);
	return from ? 0 : code;
}

/* from: the include that names the file; NULL: the command line does. */
static int load_file(struct ini *ini, const char *path, const struct origin *from,
		     const char *written, struct diags *diags)
{
	bool standard_input = !from && !strcmp(path, "-"), open_already = false;
	const char *name = standard_input ? "<stdin>" : path;
	/* An included pipe must not block before it is refused. */
	int flags = O_RDONLY | O_CLOEXEC | (from ? O_NONBLOCK : 0);
	int fd = standard_input ? STDIN_FILENO : open(path, flags);
	char *text = NULL;
	size_t size = 0;
	int number, code;

	if (fd < 0)
		return refuse(ini, path, from, written, -errno, diags);
	number = add_file(ini, fd, name, from, &open_already);
	code = number < 0 ? number : read_text(fd, &text, &size);
	if (!standard_input)
		close(fd);
	if (code == -EALREADY && open_already)
		code = refuse(ini, path, from, written, -ELOOP, diags);
	else if (code == -EALREADY)
		code = 0;	/* two files may include the same one, which is read once */
	else if (code < 0)
		code = code == -ENOMEM ? code : refuse(ini, name, from, written, code, diags);
	else
		code = load_text(ini, (size_t)number, text, size, diags);
	free(text);
	return code;
}

/* Reads a config that is in no file. */
static int load_given(struct ini *ini, const char *path, const char *text, struct diags *diags)
{
	size_t size = strlen(text);
	char *copy = strdup(text);
	int code = -ENOMEM;

	ini->files[0] = (struct ini_file){ .name = strdup(path) };
	ini->file_count = 1;
	if (copy && ini->files[0].name)
		code = load_text(ini, 0, copy, size, diags);
	free(copy);
	return code;
}

/* Splits "section.key=value" in place: a section may have dots, a key has none. */
static const char *split_override(char *text, char **key, char **value)
{
	char *equals = strchr(text, '=');

	if (equals)
		*equals = '\0';
	*key = strrchr(text, '.');
	if (!equals || !*key || *key == text || !(*key)[1])
		return "an override is SECTION.KEY=VALUE";
	if (strchr(text, ':'))
		return "':' can't be in a name";
	*(*key)++ = '\0';
	*value = equals + 1;
	if (!strcmp(text, INI_INCLUDE_SECTION))
		return "an include must be in a file";
	return NULL;
}

static int override(struct ini *ini, const char *text, struct diags *diags)
{
	static const struct origin at = { "command line", 0 };
	char *copy = strdup(text), *key, *value;
	struct ini_section *section;
	const char *complaint;
	int code = -ENOMEM;

	if (!copy)
		return code;
	complaint = split_override(copy, &key, &value);
	if (complaint) {
		diag_add(diags, at, NULL, NULL, text, "%s", complaint);
		code = 0;
	} else {
		section = ini_add(ini, copy, at);
		if (section)
			code = ini_set(section, key, value, at);
	}
	free(copy);
	return code;
}

int ini_load(const char *path, const char *text, char *const *overrides, size_t override_count,
	     struct ini *ini, struct diags *diags)
{
	const struct builtin_info *builtin = builtin_find(path);
	int code;

	*ini = (struct ini){ .files = calloc(FILES_MAX, sizeof(*ini->files)) };
	if (!ini->files)
		return -ENOMEM;
	if (!text && builtin)
		text = builtin->text;
	code = text ? load_given(ini, path, text, diags) : load_file(ini, path, NULL, NULL, diags);
	for (size_t i = 0; !code && i < override_count; i++)
		code = override(ini, overrides[i], diags);
	return code;
}
