// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command of minivmm again and again. In each run another one of its calls fails.
 *
 *	walk NAME all|most|places|new|CALL PROGRAM ARGUMENT...
 *
 * all: each call fails in turn.
 * places: the first and the last call that each place in the program makes.
 * most: those, and each other call that is not one of many alike (is_bulk()).
 * new: the first call of each place that no walk before has tried: the file FAULTS_TRIED has them.
 * CALL: the calls whose name begins with CALL.
 *
 * It works in an empty folder, where the command's -o has to name OUT_FILE. It prints a TAP line,
 * and before that a line for each failure that the command did not handle (judge.c).
 */
#include "faults.h"
#include "walk.h"
#include "../pid_namespace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_FILE "calls.log"
/* A run hangs if it takes a minute longer than TIMEOUT_RUNS runs in which nothing fails. */
#define TIMEOUT_MS 60000
#define TIMEOUT_RUNS 60

struct walk {
	char *const *argv;		/* of the program */
	const char *how;
	int request, reply;		/* to the program and from it: see faults.h */
	int out, err;			/* its stdout and stderr */
	pid_t program;
	int timeout_ms;
	struct outcome base;
	struct call *calls;
	size_t count, tried, missed, bad;
	unsigned long *before;		/* places that walks before this one have tried */
	size_t before_count;
};

static void become_program(const struct walk *walk, int request, int reply)
{
	setenv("FAULTS_LOG", LOG_FILE, 1);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(walk->out, 1);
	dup2(walk->err, 2);
	dup2(request, FAULT_REQUEST_FD);
	dup2(reply, FAULT_REPLY_FD);
	execv(walk->argv[0], walk->argv);
	_exit(127);
}

static void start_program(struct walk *walk)
{
	int request[2], reply[2];

	walk->out = memfd_create("out", MFD_CLOEXEC);
	walk->err = memfd_create("err", MFD_CLOEXEC);
	if (walk->out < 0 || walk->err < 0 || pipe2(request, O_CLOEXEC) || pipe2(reply, O_CLOEXEC))
		die("starting the program");
	walk->program = fork();
	if (walk->program < 0)
		die("starting the program");
	if (!walk->program)
		become_program(walk, request[0], reply[1]);
	close(request[0]);
	close(reply[1]);
	walk->request = request[1];
	walk->reply = reply[0];
}

static void end_program(const struct walk *walk)
{
	close(walk->request);
	waitpid(walk->program, NULL, 0);
}

static void read_reply(const struct walk *walk, int *value)
{
	if (read(walk->reply, value, sizeof(*value)) != sizeof(*value))
		die("the program, which should have forked, said");
}

/* Returns false if the run did not end in time, and was killed. */
static bool run_program(const struct walk *walk, const struct call *fails, int *status)
{
	struct fault_run run = { .turn = fails ? fails->turn : 0, .place = fails ? fails->place : 0 };
	struct pollfd reply = { .fd = walk->reply, .events = POLLIN };
	bool in_time;
	pid_t pid;

	if (ftruncate(walk->out, 0) || lseek(walk->out, 0, SEEK_SET) || ftruncate(walk->err, 0) ||
	    lseek(walk->err, 0, SEEK_SET) || write(walk->request, &run, sizeof(run)) != sizeof(run))
		die("starting a run");
	read_reply(walk, &pid);
	in_time = poll(&reply, 1, walk->timeout_ms) == 1;
	if (!in_time)
		kill(pid, SIGKILL);
	read_reply(walk, status);
	return in_time;
}

/* The log's last line says what is left, the lines before it which calls were made or failed. */
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

/* Empties the folder. Returns true if minivmm had left a temporary file in it. */
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

/* Counts a folder's entries that begin with start. A missing folder has none. */
static size_t count_entries(const char *path, const char *start)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	while (folder && (entry = readdir(folder)))
		count += !strncmp(entry->d_name, start, strlen(start));
	if (folder)
		closedir(folder);
	return count;
}

/* The VMs whose processes have ended, as the one that was run has. Others may make VMs meanwhile, and live. */
static size_t count_left_vms(void)
{
	DIR *folder = pids_are_the_hosts() ? opendir("/sys/kernel/debug/kvm") : NULL;
	const struct dirent *entry;
	size_t count = 0;

	while (folder && (entry = readdir(folder))) {
		pid_t pid = atoi(entry->d_name);	/* "PID-FD" */

		count += pid > 0 && kill(pid, 0) && errno == ESRCH;
	}
	if (folder)
		closedir(folder);
	return count;
}

static void look_around(struct outcome *outcome)
{
	outcome->vms = count_left_vms();
	outcome->traces = count_entries("/sys/kernel/tracing/instances", "minivmm-") +
			  count_entries("/sys/kernel/tracing/events", "minivmm_");
}

/* Runs it once, with a call that fails or none; calls and count may be NULL. */
static void run(const struct walk *walk, const struct call *fails, struct outcome *outcome,
		struct call **calls, size_t *count)
{
	int status = 0;

	*outcome = (struct outcome){ 0 };
	outcome->timeout = !run_program(walk, fails, &status);
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->status = WEXITSTATUS(status);
	outcome->out = take(walk->out, &outcome->out_size);
	outcome->err = take(walk->err, &outcome->err_size);
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

/* Returns true for the first and for the last call from a place. */
static bool is_end(const struct walk *walk, size_t index)
{
	if (walk->calls[index].turn == 1)
		return true;
	for (size_t i = index + 1; i < walk->count; i++)
		if (same_place(&walk->calls[i], &walk->calls[index]))
			return false;
	return true;
}

static const char *tried_path(const struct walk *walk)
{
	return strcmp(walk->how, "new") ? NULL : getenv("FAULTS_TRIED");
}

static void load_tried(struct walk *walk)
{
	const char *path = tried_path(walk);
	FILE *file = path ? fopen(path, "r") : NULL;
	unsigned long place;

	while (file && fscanf(file, "%lx", &place) == 1) {
		walk->before = reallocarray(walk->before, walk->before_count + 1, sizeof(place));
		if (!walk->before)
			die("places");
		walk->before[walk->before_count++] = place;
	}
	if (file)
		fclose(file);
}

/* All places that the command has: those it did not try were tried before. */
static void save_tried(const struct walk *walk)
{
	const char *path = tried_path(walk);
	FILE *file = path ? fopen(path, "a") : NULL;

	for (size_t i = 0; file && i < walk->count; i++)
		if (walk->calls[i].turn == 1)
			fprintf(file, "%lx\n", walk->calls[i].place);
	if (path && (!file || fclose(file)))
		die(path);
}

static bool was_tried(const struct walk *walk, const struct call *call)
{
	for (size_t i = 0; i < walk->before_count; i++)
		if (walk->before[i] == call->place)
			return true;
	return false;
}

/* Calls that read, write or build something long piece by piece: all but the ends fail alike. */
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
	if (!strcmp(walk->how, "new"))
		return call->turn == 1 && !was_tried(walk, call);
	if (!strcmp(walk->how, "most"))
		return !is_bulk(call) || is_end(walk, index);
	return !strcmp(walk->how, "all") || !strncmp(call->name, walk->how, strlen(walk->how));
}

static void tell(const struct call *call, const struct outcome *now, const char *wrong)
{
	printf("# %s in %s, turn %lu, %s: %s (exit status %d, signal %d, left %d %lu %ld)\n",
	       now->call.name, now->call.function, call->turn,
	       now->call.code ? strerrorname_np(now->call.code) : "-", wrong, now->status,
	       now->signal, now->fds, now->memory, now->mapped_pages);
	printf("#   stderr: %.*s\n", (int)strcspn(now->err, "\n"), now->err);
}

/* What became of a call that was to fail. Absent: the place made fewer calls in this run. */
enum handling { HANDLED, UNHANDLED, ABSENT };

static enum handling fail_once(struct walk *walk, const struct call *call)
{
	struct outcome now;
	bool absent;
	const char *wrong;

	run(walk, call, &now, NULL, NULL);
	absent = !now.call.name[0];
	wrong = absent ? NULL : judge(&walk->base, &now);
	if (wrong)
		tell(call, &now, wrong);
	forget(&now);
	if (absent)
		return ABSENT;
	return wrong ? UNHANDLED : HANDLED;
}

/*
 * A run can fail for another reason: KVM may still free the arrays of the run before it, and then a
 * check of the host's memory fails. So only a call that is handled when it fails again is forgiven.
 */
static void try(struct walk *walk, const struct call *call)
{
	enum handling first = fail_once(walk, call);

	walk->tried++;
	walk->missed += first == ABSENT;
	walk->bad += first == UNHANDLED && fail_once(walk, call) != HANDLED;
	fflush(stdout);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The run in which nothing fails: what is called, how it ends, and how long it takes. */
static void run_base(struct walk *walk)
{
	long start = now_ms();

	walk->timeout_ms = TIMEOUT_MS * TIMEOUT_RUNS;
	run(walk, NULL, &walk->base, &walk->calls, &walk->count);
	walk->timeout_ms = TIMEOUT_MS + TIMEOUT_RUNS * (int)(now_ms() - start);
}

/* Nothing at all was tried: only `new` may find nothing to do. */
static bool is_idle(const struct walk *walk)
{
	return walk->tried == walk->missed && (walk->tried || !walk->count || !walk->before_count);
}

int main(int argc, char **argv)
{
	struct walk walk = { .argv = argv + 3, .how = argv[2] };
	char folder[] = "/tmp/walk.XXXXXX";

	if (argc < 4 || !mkdtemp(folder) || chdir(folder))
		die("usage: walk NAME all|most|places|new|CALL PROGRAM ARGUMENT...");
	load_tried(&walk);
	places_load(argv[3]);
	start_program(&walk);
	run_base(&walk);
	number_turns(&walk);
	for (size_t i = 0; i < walk.count; i++)
		if (is_wanted(&walk, i))
			try(&walk, &walk.calls[i]);
	printf("%sok - %s: %zu of %zu calls failed, one in each run, %zu did not come again; "
	       "exit status without %d\n", walk.bad || is_idle(&walk) ? "not " : "",
	       argv[1], walk.tried - walk.missed, walk.count, walk.missed, walk.base.status);
	save_tried(&walk);
	end_program(&walk);
	forget(&walk.base);
	free(walk.before);
	free(walk.calls);
	if (chdir("/") || rmdir(folder))
		die(folder);
	return walk.bad || is_idle(&walk);
}
