// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command of minivmm's again and again, in each run with another one of its calls failing:
 *
 *	walk NAME all|most|places|CALL PROGRAM ARGUMENT...
 *
 * all: each call; places: of each place in the program that calls, the first call and the last;
 * most: places, and each call but those that come line by line and piece by piece; CALL: those
 * whose name begins so.
 * In a folder of its own, where OUT_FILE is -o's FILE. Prints a TAP line, and before it one for
 * each call whose failure went wrong.
 */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_FILE "calls.log"
#define TIMEOUT_MS 60000

struct walk {
	char *const *argv;		/* of the program */
	const char *how;
	struct outcome base;
	struct call *calls;
	size_t count, tried, missed, bad;
};

static void die(const char *what)
{
	perror(what);
	exit(3);
}

/* No call: none is to fail. */
static void start(char *const *argv, const struct call *fails, int out, int err)
{
	char number[32];

	snprintf(number, sizeof(number), "%lu", fails ? fails->turn : 0);
	setenv("FAIL_AT", number, 1);
	snprintf(number, sizeof(number), "%lx", fails ? fails->place : 0);
	setenv("FAIL_PLACE", number, 1);
	setenv("FAULTS_LOG", LOG_FILE, 1);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	execv(argv[0], argv);
	_exit(127);
}

/* False: it did not end in time, and was killed. */
static bool wait_for(pid_t pid, int *status)
{
	for (int waited = 0; waited < TIMEOUT_MS; waited++) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		poll(NULL, 0, 1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	return false;
}

static char *take(int fd, size_t *size)
{
	struct stat stat;
	char *text;

	fstat(fd, &stat);
	*size = (size_t)stat.st_size;
	text = calloc(1, *size + 1);
	if (!text || pread(fd, text, *size, 0) != (ssize_t)*size)
		die("reading the output");
	close(fd);
	return text;
}

/* The last line tells what is left; the one before it, or all of them, what was called. */
static void read_log(struct outcome *outcome, struct call **calls, size_t *count)
{
	FILE *log = fopen(LOG_FILE, "r");
	char line[256];
	struct call call;

	while (log && fgets(line, sizeof(line), log)) {
		if (sscanf(line, "%47s %lx %d", call.name, &call.place, &call.code) == 3) {
			call.function = place_name(call.place);
			outcome->call = call;
			if (!calls)
				continue;
			*calls = reallocarray(*calls, *count + 1, sizeof(call));
			if (!*calls)
				die("calls");
			(*calls)[(*count)++] = call;
		} else {
			sscanf(line, "left %d descriptors, %lu pieces of memory, %ld mapped pages",
			       &outcome->fds, &outcome->memory, &outcome->mapped_pages);
		}
	}
	if (log)
		fclose(log);
}

/* Empties the folder. Was there a temporary file of minivmm's? */
static bool clean_up(void)
{
	DIR *folder = opendir(".");
	const struct dirent *entry;
	bool found = false;

	while (folder && (entry = readdir(folder))) {
		found |= !strncmp(entry->d_name, ".minivmm-", 9);
		unlink(entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* Entries of a folder that begin so; 0 where there is none. */
static size_t count_entries(const char *path, const char *start)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	while (folder && (entry = readdir(folder)))
		count += *start ? !strncmp(entry->d_name, start, strlen(start)) :
				  strspn(entry->d_name, "0123456789") > 0;
	if (folder)
		closedir(folder);
	return count;
}

static void look_around(struct outcome *outcome)
{
	outcome->vms = count_entries("/sys/kernel/debug/kvm", "");
	outcome->traces = count_entries("/sys/kernel/tracing/instances", "minivmm-") +
			  count_entries("/sys/kernel/tracing/events", "minivmm_");
}

/* Runs it once; calls and count may be NULL. */
static void run(char *const *argv, const struct call *fails, struct outcome *outcome,
		struct call **calls, size_t *count)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	int status = 0;
	pid_t pid;

	*outcome = (struct outcome){ 0 };
	pid = fork();
	if (pid < 0 || out < 0 || err < 0)
		die("starting it");
	if (!pid)
		start(argv, fails, out, err);
	outcome->timeout = !wait_for(pid, &status);
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->status = WEXITSTATUS(status);
	outcome->out = take(out, &outcome->out_size);
	outcome->err = take(err, &outcome->err_size);
	outcome->shown = json_loads(outcome->out, 0, NULL);
	outcome->saved = json_load_file(OUT_FILE, 0, NULL);
	outcome->file = !access(OUT_FILE, F_OK);
	read_log(outcome, calls, count);
	outcome->litter = clean_up();
	look_around(outcome);
}

static void forget(struct outcome *outcome)
{
	free((char *)(uintptr_t)outcome->out);
	free((char *)(uintptr_t)outcome->err);
	json_decref(outcome->shown);
	json_decref(outcome->saved);
}

static bool same_place(const struct call *a, const struct call *b)
{
	return a->place == b->place;
}

static void number_turns(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		size_t before = i;

		while (before-- > 0 && !same_place(&walk->calls[before], &walk->calls[i]))
			continue;
		walk->calls[i].turn = before < i ? walk->calls[before].turn + 1 : 1;
	}
}

/* Is it the first or the last one from its place? */
static bool is_end(const struct walk *walk, size_t index)
{
	if (walk->calls[index].turn == 1)
		return true;
	for (size_t i = index + 1; i < walk->count; i++)
		if (same_place(&walk->calls[i], &walk->calls[index]))
			return false;
	return true;
}

/* Reading, writing and building up what is long: one failure in the middle is like another. */
static bool is_bulk(const struct call *call)
{
	static const char *const names[] = { "fwrite", "fputs", "fputc", "putc", "fprintf",
					     "printf", "fgets", "readdir", "readlink",
					     "vasprintf", NULL };

	for (size_t i = 0; names[i]; i++)
		if (!strcmp(call->name, names[i]))
			return true;
	return !strncmp(call->name, "json_", 5);
}

static bool is_wanted(const struct walk *walk, size_t index)
{
	const struct call *call = &walk->calls[index];

	if (!strcmp(walk->how, "places"))
		return is_end(walk, index);
	if (!strcmp(walk->how, "most"))
		return !is_bulk(call) || is_end(walk, index);
	return !strcmp(walk->how, "all") || !strncmp(call->name, walk->how, strlen(walk->how));
}

static void try(struct walk *walk, const struct call *call)
{
	struct outcome now;
	const char *wrong;

	run(walk->argv, call, &now, NULL, NULL);
	walk->tried++;
	/* The last call of a place, which was called less often this time. */
	walk->missed += !now.call.name[0];
	wrong = now.call.name[0] ? judge(&walk->base, &now) : NULL;
	if (wrong) {
		walk->bad++;
		printf("# %s in %s, turn %lu, %s: %s (exit status %d, signal %d, left %d %lu %ld)\n",
		       now.call.name, now.call.function, call->turn,
		       now.call.code ? strerrorname_np(now.call.code) : "-", wrong, now.status,
		       now.signal, now.fds, now.memory, now.mapped_pages);
		printf("#   stderr: %.*s\n", (int)strcspn(now.err, "\n"), now.err);
	}
	forget(&now);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct walk walk = { .argv = argv + 3, .how = argv[2] };
	char folder[] = "/tmp/walk.XXXXXX";

	if (argc < 4 || !mkdtemp(folder) || chdir(folder))
		die("usage: walk NAME all|most|places|CALL PROGRAM ARGUMENT...");
	places_load(argv[3]);
	run(walk.argv, NULL, &walk.base, &walk.calls, &walk.count);
	number_turns(&walk);
	for (size_t i = 0; i < walk.count; i++)
		if (is_wanted(&walk, i))
			try(&walk, &walk.calls[i]);
	printf("%sok - %s: %zu of %zu calls failed, one in each run, %zu did not come again; "
	       "exit status without %d\n", walk.bad || walk.tried == walk.missed ? "not " : "",
	       argv[1], walk.tried - walk.missed, walk.count, walk.missed, walk.base.status);
	forget(&walk.base);
	free(walk.calls);
	if (chdir("/") || rmdir(folder))
		die(folder);
	return walk.bad || walk.tried == walk.missed;
}
