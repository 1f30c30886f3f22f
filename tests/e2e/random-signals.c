// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command again and again, and sends it a signal at a random instant of its life. It must end in time, with a status
 * that says so; its report, if there is one, must be whole and have that status, or the one that it has without a signal, where
 * that came while the report was delivered; and nothing else may be left: no file in the folder, no VM, no cgroup, no instance of
 * the tracer and no process. SIGKILL may leave an instance or a cgroup, which nobody is left to remove, and an instance is left
 * where the kernel takes too long to remove it (docs/security.md); they are removed here.
 *
 * usage: random-signals SEED COUNT[/SECONDS] LIFE_MS LIMIT_MS SIGNAL,... STATUS,... COMMAND...
 * (in an empty folder; with -o report.json)
 * COUNT runs in which the signal comes in time, or as many as are begun in SECONDS, and one at least. A run that has ended
 * before its signal is judged, too, and counts for nothing.
 * LIFE_MS is for a command that never ends by itself; 0: a run without a signal says how long it takes, and has to end with one
 * of these exit statuses.
 * Prints a line for each run, and then what came of all of them.
 * Exit status: 1 if something was wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../pid_namespace.h"

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

/*
 * What a run could leave outside of its folder; the names begin with the process's number, or have it after a dash. Where the
 * machine lacks the folder, nothing can be left there.
 */
static const struct place {
	const char *folder, *pattern;
	bool killed;		/* SIGKILL may leave it */
	bool slow;		/* so may another signal, if the kernel takes longer than a second to remove it */
	bool kernels_pids;	/* it is the kernel that names them */
} places[] = {
	{ "/sys/kernel/debug/kvm", "*-*", false, false, true },
	{ "/sys/kernel/tracing/instances", "minivmm-*", true, true, false },
	{ "/sys/fs/cgroup", "minivmm-*", true, false, false },
};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

/* Whether a thing is another process's, which lives. */
static bool is_used(const char *name)
{
	pid_t pid = atoi(name + strcspn(name, "0123456789"));

	return pid > 0 && (!kill(pid, 0) || errno == EPERM);
}

/* How many are there that no process uses. REMOVE: what rmdir() removes, too. */
static int count_in(const struct place *place, bool remove)
{
	DIR *folder = !place->kernels_pids || pids_are_the_hosts() ? opendir(place->folder) : NULL;
	struct dirent *entry;
	int found = 0;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || fnmatch(place->pattern, entry->d_name, 0) || is_used(entry->d_name))
			continue;
		found++;
		if (remove)
			unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* This process is the parent of all that the command started and left (PR_SET_CHILD_SUBREAPER). Waits two seconds for them. */
static int count_orphans(void)
{
	const struct timespec tick = { 0, 1000000 };
	unsigned long long until = now_us() + 2000000;
	pid_t pid;

	do {
		pid = waitpid(-1, NULL, WNOHANG);
		if (!pid)
			nanosleep(&tick, NULL);
	} while (pid >= 0 && now_us() < until);
	return pid >= 0;
}

/* The text of the report, NULL: there is none. */
static char *read_report(void)
{
	int fd = open("report.json", O_RDONLY | O_CLOEXEC);
	struct stat found;
	ssize_t length;
	char *text;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &found))
		abort();
	text = malloc((size_t)found.st_size + 1);
	length = text ? read(fd, text, (size_t)found.st_size) : -1;
	if (length < 0)
		abort();
	text[length] = '\0';
	close(fd);
	return text;
}

/* Whole: from the first brace to the last, with the line's end; the last exit_status is the report's own. */
static bool is_whole(const char *text, int status, int undisturbed)
{
	static const char member[] = "\"exit_status\": ";
	const char *at, *last = NULL;
	size_t length = strlen(text);

	for (at = strstr(text, member); at; at = strstr(at + 1, member))
		last = at;
	return length > 2 && text[0] == '{' && !strcmp(text + length - 2, "}\n") &&
	       (status < 0 || !last || atoi(last + sizeof(member) - 1) == status ||
		atoi(last + sizeof(member) - 1) == undisturbed);
}

/* Removes what is there. Returns how many files there were besides the report. */
static int clean(void)
{
	struct dirent *entry;
	DIR *folder = opendir(".");
	int others = 0;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (strcmp(entry->d_name, "report.json")) {
			printf("# left: %s\n", entry->d_name);
			others++;
		}
		unlink(entry->d_name);
	}
	if (folder)
		closedir(folder);
	return others;
}

struct tally {
	int late, reported, before, killed, slow, bad;	/* before: before it handled signals; slow: over a second */
	unsigned long long longest_us;
	int undisturbed;	/* exit status without a signal */
	int left_slow, left_killed;	/* instances and cgroups that a run may leave, and did */
};
#define NEVER (-2)

/* Whether something was left that must not be. What may be left is counted; all of it is said. */
static bool left_anything(const int before[PLACES], bool killed, bool slow, struct tally *tally)
{
	bool left = clean();

	if (count_orphans()) {
		printf("# left: a process\n");
		left = true;
	}
	for (int i = 0; i < PLACES; i++) {
		bool by_kill = killed && places[i].killed, by_slow = !by_kill && slow && places[i].slow;
		int more = count_in(&places[i], false) - before[i];

		if (more <= 0)
			continue;
		printf("# left: %d more %s in %s%s\n", more, places[i].pattern, places[i].folder,
		       by_kill ? ", as SIGKILL may" : by_slow ? ", as an end may that takes more than a second" : "");
		tally->left_killed += by_kill ? more : 0;
		tally->left_slow += by_slow ? more : 0;
		left |= !by_kill && !by_slow;
		count_in(&places[i], true);
	}
	return left;
}

static pid_t start(char **command)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A shell may have started us with some of them ignored. */
	for (int number = 1; number < 32; number++)
		signal(number, SIG_DFL);
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(command[0], command);
	_exit(126);
}

static void judge(int number, bool late, int status, unsigned long long us, const int before[PLACES], struct tally *tally)
{
	char *report = read_report();
	int exits = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	bool by_it = WIFSIGNALED(status) && WTERMSIG(status) == number;
	bool whole = !report || is_whole(report, exits, tally->undisturbed);
	/* One that came at its end may not have been heeded. */
	bool known = by_it || exits == tally->undisturbed || (number != SIGKILL && exits == 128 + number);
	bool left = left_anything(before, number == SIGKILL, us > 1000000, tally);

	tally->before += by_it && number != SIGKILL;
	tally->killed += by_it && number == SIGKILL;
	tally->late += late;
	tally->reported += exits == 128 + number && report;
	tally->slow += us > 1000000;
	if (us > tally->longest_us)
		tally->longest_us = us;
	printf("%s %d: %s %d, in %llu us, report %s\n", late ? "too late" : "signal", number,
	       exits >= 0 ? "exit status" : "ended by signal", exits >= 0 ? exits : WTERMSIG(status), us,
	       report ? whole ? "whole" : "torn" : "none");
	if (!whole || !known || left) {
		printf("# bad: the line above; exit status without a signal: %d\n", tally->undisturbed);
		tally->bad++;
	}
	free(report);
}

/* It has ended, and nobody has waited for it yet. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

/* Waits for the end of the process, and not for longer than a minute after the signal. */
static int wait_end(pid_t pid)
{
	const struct timespec tick = { 0, 500000 };
	unsigned long long until = now_us() + 60000000;
	int status = 0;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (now_us() > until)
			kill(pid, SIGKILL);
		nanosleep(&tick, NULL);
	}
	return status;
}

/* Is the number in the list of numbers and commas? */
static bool is_listed(int number, const char *list)
{
	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (atoi(list) == number)
			return true;
	return false;
}

/*
 * How long a run without a signal takes, and a little more: that of the second, because the first finds nothing in the page
 * cache, and an emulator's memory is slow the first time.
 */
static unsigned int run_undisturbed(char **command, const char *statuses, struct tally *tally)
{
	unsigned long long us = 0;

	for (int i = 0; i < 2; i++) {
		unsigned long long started = now_us();
		int status;

		waitpid(start(command), &status, 0);
		us = now_us() - started;
		tally->undisturbed = WIFEXITED(status) ? WEXITSTATUS(status) : NEVER;
		clean();
	}
	printf("without a signal: exit status %d, after %llu us\n", tally->undisturbed, us);
	if (!is_listed(tally->undisturbed, statuses)) {
		printf("# bad: that is none of %s\n", statuses);
		tally->bad++;
	}
	return (unsigned int)(us * 17 / 16) + 1;
}

static unsigned long long random_bits(void)
{
	return (unsigned long long)random() << 31 | (unsigned long long)random();
}

/*
 * If so many runs end before their signal, and none later, the command does not run as it did without a signal. Of runs that
 * last as long as that one, one in seventeen ends before its signal.
 */
#define TOO_LATE 20

/* Is another run to be made? */
static bool goes_on(int done, int count, unsigned long long until, struct tally *tally)
{
	if (done > tally->late)
		return done - tally->late < count && now_us() < until;
	if (done < TOO_LATE)
		return count > 0;
	printf("# bad: none of %d signals came in time\n", done);
	tally->bad++;
	return false;
}

static void signal_once(char **command, int number, unsigned int wait_us, unsigned int limit_us, struct tally *tally)
{
	unsigned long long sent, us;
	int before[PLACES], status;
	bool late;
	pid_t pid;

	for (int i = 0; i < PLACES; i++)
		before[i] = count_in(&places[i], false);
	pid = start(command);
	usleep(wait_us);
	late = has_ended(pid);
	sent = now_us();
	kill(pid, number);
	status = wait_end(pid);
	us = now_us() - sent;
	judge(number, late, status, us, before, tally);
	if (us > limit_us) {
		printf("# bad: it took more than %u us\n", limit_us);
		tally->bad++;
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int life_us, limit_us;
	int count, numbers[8], kinds = 0, done = 0;
	unsigned long long until = ~0ull;
	struct tally tally = { .undisturbed = NEVER };

	if (argc < 8)
		return 2;
	srandom((unsigned int)atoi(argv[1]));
	count = atoi(argv[2]);
	if (strchr(argv[2], '/'))
		until = now_us() + strtoull(strchr(argv[2], '/') + 1, NULL, 10) * 1000000;
	life_us = (unsigned int)atoi(argv[3]) * 1000;
	limit_us = (unsigned int)atoi(argv[4]) * 1000;
	for (char *word = strtok(argv[5], ","); word && kinds < 8; word = strtok(NULL, ","))
		numbers[kinds++] = atoi(word);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	clean();
	if (!life_us)
		life_us = run_undisturbed(argv + 7, argv[6], &tally);
	for (; goes_on(done, count, until, &tally); done++)
		signal_once(argv + 7, numbers[random() % kinds], (unsigned int)(random_bits() % life_us), limit_us, &tally);
	printf("%d runs: %d ended before the signal, %d by it before they handled it, %d reported it, %d killed, %d bad; "
	       "%d took more than a second, longest %llu us; left by these: %d, by SIGKILL: %d\n", done, tally.late, tally.before,
	       tally.reported, tally.killed, tally.bad, tally.slow, tally.longest_us, tally.left_slow, tally.left_killed);
	return tally.bad ? 1 : 0;
}
