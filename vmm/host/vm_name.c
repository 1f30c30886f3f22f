// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/source.h"

#define WORDS_SIZE 16384	/* of a command line; QEMU's -name and Firecracker's --id stand in front */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* systemd writes "-" of a unit's name as "\x2d" (unit_name_escape()). */
static void unescape(const char *text, size_t length, char to[VM_NAME])
{
	size_t count = 0;

	for (size_t i = 0; i < length && count < VM_NAME - 1; i++) {
		bool escape = text[i] == '\\' && i + 3 < length && text[i + 1] == 'x' &&
			      hex_digit(text[i + 2]) >= 0 && hex_digit(text[i + 3]) >= 0;

		to[count++] = escape ? (char)(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3])) :
				       text[i];
		i += escape ? 3 : 0;
	}
	to[count] = '\0';
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	return length > strlen(end) && !memcmp(text + length - strlen(end), end, strlen(end));
}

/* One folder: "machine-qemu\x2d1\x2dNAME.scope" of systemd, or "NAME.libvirt-qemu" without it. */
static bool name_of_folder(const char *text, size_t length, char name[VM_NAME])
{
	static const char scope[] = "machine-qemu\\x2d", old[] = ".libvirt-qemu";
	char whole[VM_NAME], *dash;

	if (length > strlen(scope) && !memcmp(text, scope, strlen(scope)) &&
	    ends_with(text, length, ".scope")) {
		unescape(text + strlen(scope), length - strlen(scope) - strlen(".scope"), whole);
		dash = strchr(whole, '-');
		snprintf(name, VM_NAME, "%s", dash ? dash + 1 : whole);
		return *name;
	}
	if (!ends_with(text, length, old))
		return false;
	unescape(text, length - strlen(old), name);
	return true;
}

static bool name_of_cgroup(const char *cgroup, char name[VM_NAME])
{
	while (*cgroup) {
		size_t length = strcspn(cgroup, "/");

		if (name_of_folder(cgroup, length, name))
			return true;
		cgroup += length + (cgroup[length] == '/');
	}
	return false;
}

/* "NAME,process=...", "guest=NAME,debug-threads=on": a comma of the name is written twice. */
static bool name_of_qemu(const char *value, char name[VM_NAME])
{
	size_t count = 0;

	if (!strncmp(value, "guest=", 6))
		value += 6;
	else if (strcspn(value, "=") < strcspn(value, ","))
		return false;
	for (; *value && count < VM_NAME - 1; value++) {
		if (*value == ',' && value[1] != ',')
			break;
		name[count++] = *value;
		value += *value == ',';
	}
	name[count] = '\0';
	return count;
}

static enum vm_namer name_of_words(const char *words, size_t size, char name[VM_NAME])
{
	const char *slash = strrchr(words, '/'), *program = slash ? slash + 1 : words;
	bool firecracker = !strncmp(program, "firecracker", 11);
	const char *word = words, *next;

	/* The last word's next one is "", as the text ends with a further NUL. */
	for (; word < words + size; word = next) {
		next = word + strlen(word) + (word + strlen(word) < words + size);
		if ((!strcmp(word, "-name") || !strcmp(word, "--name")) && name_of_qemu(next, name))
			return NAMER_QEMU;
		if (firecracker && !strcmp(word, "--id") && *next) {
			snprintf(name, VM_NAME, "%s", next);
			return NAMER_FIRECRACKER;
		}
		if (firecracker && !strncmp(word, "--id=", 5) && word[5]) {
			snprintf(name, VM_NAME, "%s", word + 5);
			return NAMER_FIRECRACKER;
		}
	}
	return NAMER_NONE;
}

/* Reads at most size - 1 bytes, and ends them with NUL. Returns how many there were, or -1. */
static ssize_t read_file(const char *root, pid_t pid, const char *file, char *text, size_t size)
{
	char path[64], buffer[SOURCE_PATH];
	ssize_t got = 0, some = 1;
	int fd;

	*text = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(source_path(buffer, root, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (some > 0 && (size_t)got < size - 1) {
		some = read(fd, text + got, size - 1 - (size_t)got);
		got += some > 0 ? some : 0;
	}
	close(fd);
	text[some < 0 ? 0 : got] = '\0';
	return some < 0 ? -1 : got;
}

void vm_name_read(const char *root, pid_t pid, const char *cgroup, const char *command,
		  struct vm_name *name)
{
	char words[WORDS_SIZE];
	ssize_t size;

	*name = (struct vm_name){ .namer = NAMER_LIBVIRT };
	if (name_of_cgroup(cgroup, name->text))
		return;
	size = read_file(root, pid, "cmdline", words, sizeof(words));
	/* Where it can't be read, the VM may have another name than its command's. */
	name->namer = size < 0 ? NAMER_NONE : name_of_words(words, (size_t)size, name->text);
	if (size < 0 || name->namer != NAMER_NONE)
		return;
	if (*command)
		snprintf(name->text, sizeof(name->text), "%s", command);
	else
		read_file(root, pid, "comm", name->text, sizeof(name->text));
	name->text[strcspn(name->text, "\n")] = '\0';
	name->namer = *name->text ? NAMER_COMMAND : NAMER_NONE;
}

const char *vm_namer_name(enum vm_namer namer)
{
	static const char *const names[] = { NULL, "libvirt", "qemu", "firecracker", "command" };

	return names[namer];
}
