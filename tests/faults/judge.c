// SPDX-License-Identifier: GPL-2.0-only
/* The rules that must hold when a call of minivmm failed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

#define SANITIZER 99		/* exitcode= in ASAN_OPTIONS */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

/* Calls whose failure need not be reported, everywhere or in one function. */
static bool is_harmless(const struct call *call)
{
	static const struct {
		const char *name, *function;	/* NULL: any */
	} harmless[] = {
		/* These release what is not used any more. */
		{ "close", NULL }, { "closedir", NULL }, { "munmap", NULL }, { "fclose", NULL },
		/* These are hints, which may be ignored. */
		{ "madvise", "vm_small_pages" }, { "setvbuf", NULL },
		/* The host's description has "unknown" then, and not every format shows it. */
		{ "fopen", "read_line" }, { "fgets", "read_line" }, { "fopen", "read_cpu" },
		{ "fgets", "read_cpu" },
		/* A vCPU's registers, which are shown only where its trouble is not what a check has asked for (nested.off). */
		{ "ioctl", "vcpu_dump" }, { "ioctl", "mode_of" },
		/* The event is still there at the next try. */
		{ "ppoll", "wait_event" }, { "read", "wait_event" }, { "poll", "guard_came" },
		{ "poll", "wait_for_news" },
		{ "read", "wait_for_news" }, { "read", "take_all" }, { "read", "guard_next" },
		/* It is written again. */
		{ "write", "wake" },
		/* Without the limit, mmap() or ftruncate() reports the error. */
		{ "getrlimit", "check_space" }, { "getrlimit", "check_descriptors" }, { "getrlimit", "check_memfd" },
		/* The VM's folder is searched in any case, and its absence is reported. */
		{ "readlink", "debugfs_in_pid_namespace" },
		/* Whose VMs are there is then unknown, which the checks say that have to know. */
		{ "opendir", "host_vms_others" },
		/* It only makes an error message more precise. */
		{ "fstat", "load_json" },
		/* A signal's patience is then counted by the clock alone. */
		{ "open", "open_all" }, { "open", "report_main" }, { "pread", "busy_ns" },
		/* Then text has the width of a file. */
		{ "ioctl", "columns_or" },
		/* A folder may be writable and not readable. */
		{ "open", "sync_folder" },
		/* There is something else to open instead. */
		{ "open", "fill_standard_descriptors" }, { "open", "open_beside" },
		/* Then the kernel may choose the parent when it has no memory left. */
		{ "open", "die_first" }, { "write", "die_first" },
		/* Then the run is no child's: a signal that kills it ends all. */
		{ "memfd_create", "one_run" },
		/* Then others may be in the cgroup, and what is charged beside that is not judged. */
		{ "fopen", "is_alone" }, { "fgets", "is_alone" }, { "fopen", "read_process" }, { "fgets", "read_process" },
		{ "readlink", "is_same_program" }, { "opendir", "cgroup_has_children" },
		/* Then no page is said to have gone. */
		{ "mincore", "count_resident" }, { "madvise", "discard_page_out" },
		/* Then every page is read, there or not. */
		{ "open", "page_sums_open" }, { "pread", "read_pagemap" }, { "lseek", "read_holes" },
		/*
		 * A capability that can't be given up after a file is opened is kept, and one that can't be had for a file is missed
		 * where it is opened. What is given up for good, at the begin, is another function's.
		 */
		{ "syscall", "change_effective" },
		/* Only root may give a file away. */
		{ "fchown", "keep_owner" },
		/* A page that a test kernel wants to be flushed stays as it is mapped. */
		{ "mprotect", "flush_page" },
		/* The limits above are then taken for unseen; only stat --predict asks for that. */
		{ "access", "mount_has" }, { "fopen", "may_limit_memory" }, { "fgets", "may_limit_memory" },
		{ "readlink", "namespace_is_whole" },
		/* Then /proc/kallsyms has KVM's symbol as well. */
		{ "fopen", "this_module" }, { "fgets", "this_module" },
		/* Then a file that is a mount can't be replaced, and the error says so. */
		{ "statx", "is_mounted" },
		/* A path that can't be looked at is refused by the call that opens it. */
		{ "lstat", "check_name" }, { "stat", "is_open_to_anyone" }, { "readlink", "check_target" },
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (!strcmp(call->name, harmless[i].name) &&
		    (!harmless[i].function || !strcmp(call->function, harmless[i].function)))
			return true;
	return false;
}

static bool writes_stdout(const struct call *call)
{
	static const char *const names[] = {
		"fprintf", "printf", "fputs", "fputc", "putc", "puts", "fwrite", "fflush",
		"json_dump_callback", NULL
	};

	return is_one_of(call->name, names);
}

static bool contains(const char *text, size_t size, const char *word)
{
	return memmem(text, size, word, strlen(word)) != NULL;
}

/* Returns true if stdout, stderr or the saved report says what happened. */
static bool tells(const struct outcome *now)
{
	const char *word = now->call.code ? strerror(now->call.code) :
			   !strcmp(now->call.name, "pthread_create") ? strerror(EAGAIN) : "memory";
	char *saved = now->saved ? json_dumps(now->saved, 0) : NULL;
	bool told = contains(now->err, now->err_size, word) ||
		    contains(now->out, now->out_size, word) || (saved && strstr(saved, word));

	/* minivmm has messages of its own for these. */
	if (now->call.code == EACCES)
		told |= contains(now->err, now->err_size, "only root may");
	if (now->call.code == ENOMEM)
		told |= contains(now->err, now->err_size, "memory") ||
			contains(now->out, now->out_size, "no memory");
	free(saved);
	return told;
}

static bool is_unknown(const json_t *value)
{
	const char *text = json_string_value(value);

	return !value || json_is_null(value) ||
	       (text && (!strncmp(text, "unavailable: ", 13) || !strcmp(text, "unknown") ||
			 !strcmp(text, "skip")));
}

/* Returns true if a value is unknown in now that is known in base. */
static bool knows_less(const json_t *base, const json_t *now)
{
	const char *key;
	json_t *value;
	size_t i;

	if (is_unknown(now))
		return !is_unknown(base);
	json_object_foreach((json_t *)base, key, value)
		if (knows_less(value, json_object_get(now, key)))
			return true;
	json_array_foreach((json_t *)base, i, value)
		if (knows_less(value, json_array_get(now, i)))
			return true;
	return false;
}

/* Returns true if both have the same members of the same types. Values may differ. */
static bool same_shape(const json_t *base, const json_t *now)
{
	const char *key;
	json_t *value;
	size_t i;

	if (!now || json_typeof(base) != json_typeof(now) ||
	    json_object_size(base) != json_object_size(now) ||
	    json_array_size(base) != json_array_size(now))
		return false;
	json_object_foreach((json_t *)base, key, value)
		if (!same_shape(value, json_object_get(now, key)))
			return false;
	json_array_foreach((json_t *)base, i, value)
		if (!same_shape(value, json_array_get(now, i)))
			return false;
	return true;
}

/* Returns true if the user gets all that is shown and saved without the failure. */
static bool is_whole(const struct outcome *base, const struct outcome *now)
{
	bool shown = base->shown ? now->shown && same_shape(base->shown, now->shown) :
				   base->out_size == now->out_size &&
				   !memcmp(base->out, now->out, now->out_size);

	if (base->err_size != now->err_size)
		return false;
	return shown && (!base->saved || (now->saved && same_shape(base->saved, now->saved)));
}

/* The exit status is unchanged: the report must say what is missing, or nothing may be missing. */
static const char *judge_silent(const struct outcome *base, const struct outcome *now)
{
	const json_t *report = now->shown ? now->shown : now->saved;
	const json_t *before = now->shown ? base->shown : base->saved;

	if (is_harmless(&now->call) || tells(now))
		return NULL;
	if (report && before && knows_less(before, report))
		return NULL;
	if (now->call.code == ENOMEM && is_whole(base, now))
		return NULL;
	return "the call failed, and nothing says so";
}

static const char *judge_status(const struct outcome *base, const struct outcome *now)
{
	if (now->timeout)
		return "it hangs";
	if (now->signal)
		return "it dies of a signal";
	if (now->status == SANITIZER)
		return "a sanitizer stopped it";
	if (now->status < 0 || now->status > 4)
		return "an exit status that is none";
	if (now->status == base->status)
		return judge_silent(base, now);
	if (now->status == 0)
		return "exit status 0, where without the failure there is none";
	if (now->status == 2 && now->call.code == ENOMEM)
		return "exit status 2: this is not the user's fault";
	if (!tells(now))
		return "neither stderr nor the report says what failed";
	return NULL;
}

static const char *judge_output(const struct outcome *base, const struct outcome *now)
{
	if (now->litter)
		return "a temporary file is left";
	if (now->file && !now->saved)
		return "-o FILE is no whole report";
	if (base->shown && now->out_size && !now->shown && !writes_stdout(&now->call))
		return "stdout has something else than the report";
	if (base->saved && !now->saved && now->status != 3 && now->status != 2)
		return "no report was saved, and the exit status does not tell";
	return NULL;
}

/* argp calls exit() on a usage error, which leaves what main() holds. */
static const char *judge_rest(const struct outcome *base, const struct outcome *now)
{
	if (now->fds)
		return "descriptors are left open";
	if (now->memory > base->memory)
		return "memory is left";
	if (now->mapped_pages)
		return "a mapping is left";
	if (now->vms > base->vms)
		return "a VM is left";
	if (now->traces > base->traces)
		return "a probe or a tracing instance is left";
	return NULL;
}

const char *judge(const struct outcome *base, const struct outcome *now)
{
	const char *wrong = judge_status(base, now);

	if (!wrong)
		wrong = judge_output(base, now);
	return wrong ? wrong : judge_rest(base, now);
}
