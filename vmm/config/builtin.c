// SPDX-License-Identifier: GPL-2.0-only
#include "config/builtin.h"

#include <string.h>

#define PREFIX "builtin:"

/*
 * 16 GiB is large enough for a cgroup's memory.stat to show the rmaps on a host with 32 CPUs, and
 * so small that rmaps and tracking take only 40 MiB of kernel memory.
 */
static const char smoke[] =
	"[memslot.low]\n"
	"base = 0\n"
	"size = 2G\n"
	"[memslot.high]\n"
	"base = 4G\n"
	"size = 14G\n"
	"[phase.boot]\n"
	"do = boot\n"
	"expect = lazy\n"
	"timeout = 3s\n"
	"[phase.control]\n"
	"do = l2\n"
	"nested-paging = off\n"
	"expect = lazy\n"
	"timeout = 3s\n"
	"[phase.transition]\n"
	"do = l2\n"
	"touch = 1M\n"
	"expect = allocated\n"
	"timeout = 5s\n";

static const char nested_off[] =
	"[vm]\n"
	"nested = off\n"
	"[memslot.low]\n"
	"base = 0\n"
	"size = 64M\n"
	"[phase.boot]\n"
	"do = boot\n"
	"timeout = 2s\n"
	"[phase.try]\n"
	"do = l2\n"
	"timeout = 2s\n"
	"[report]\n"
	"sources = log\n";

extern const char builtin_guard[];	/* builtin_guard.S */

static const struct builtin_info table[] = {
	{ "smoke", "the transition of a 16 GiB VM, in a second or two", smoke },
	{ "nested-off", "a VM without SVM or VMX tries to run L2, which must be refused",
	  nested_off },
	{ "guard", "configs/guard.ini: dirty logs, memory taken back, L1's tables, page aging; some ten seconds",
	  builtin_guard },
};

size_t builtin_count(void)
{
	return sizeof(table) / sizeof(table[0]);
}

const struct builtin_info *builtin_info(size_t index)
{
	return &table[index];
}

const struct builtin_info *builtin_find(const char *path)
{
	if (strncmp(path, PREFIX, sizeof(PREFIX) - 1))
		return NULL;
	for (size_t i = 0; i < builtin_count(); i++)
		if (!strcmp(table[i].name, path + sizeof(PREFIX) - 1))
			return &table[i];
	return NULL;
}
