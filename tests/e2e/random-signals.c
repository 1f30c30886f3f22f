// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command again and again, and sends it a signal at a random instant of its life. It must end in time, with a status
 * that says so; its report, if there is one, must be whole, and nothing else may be left in the folder.
 *
 * usage: random-signals SEED COUNT LIFE_MS LIMIT_MS SIGNAL,... COMMAND...      (in an empty folder; with -o report.json)
 * Prints what came of it, and the longest time from a signal to the end. Exit status: 1 if something was wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

/* Whole: from the first brace to the last, with the line's end. */
static bool is_whole(const char *path)
{
	char first = 0, last[2] = "";
	int fd = open(path, O_RDONLY);
	bool whole;

	if (fd < 0)
		return errno == ENOENT;
	whole = read(fd, &first, 1) == 1 && lseek(fd, -2, SEEK_END) >= 0 && read(fd, last, 2) == 2 && first == '{' &&
		last[0] == '}' && last[1] == '\n';
	close(fd);
	return whole;
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

struct tally {
	int ended, reported, before, killed, slow, bad;	/* before: before it handled signals; slow: over a second */
	unsigned long long longest_us;
};

static void judge(int number, int status, unsigned long long us, unsigned long long limit_us, struct tally *tally)
{
	bool reported = !access("report.json", F_OK), whole = is_whole("report.json");
	int exits = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	bool known = exits == 0 || exits == 1 || exits == 3 || exits == 4 || exits == 128 + number;

	tally->before += WIFSIGNALED(status) && number != SIGKILL;
	tally->killed += WIFSIGNALED(status) && number == SIGKILL;
	tally->ended += exits >= 0 && exits < 128;
	tally->reported += exits == 128 + number && reported;
	tally->slow += us > 1000000;
	if (us > tally->longest_us)
		tally->longest_us = us;
	if (clean() || !whole || us > limit_us || (exits >= 0 && !known) ||
	    (WIFSIGNALED(status) && WTERMSIG(status) != number)) {
		printf("# bad: signal %d, wait status %#x, after %llu us, report %s\n", number, status, us,
		       whole ? reported ? "whole" : "none" : "torn");
		tally->bad++;
	}
}

/* Waits for the end of the process, and not for longer than a minute. */
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

int main(int argc, char **argv)
{
	int count, numbers[8], kinds = 0;
	unsigned int life_us, limit_us;
	struct tally tally = { 0 };

	if (argc < 7)
		return 2;
	srandom((unsigned int)atoi(argv[1]));
	count = atoi(argv[2]);
	life_us = (unsigned int)atoi(argv[3]) * 1000;
	limit_us = (unsigned int)atoi(argv[4]) * 1000;
	for (char *word = strtok(argv[5], ","); word && kinds < 8; word = strtok(NULL, ","))
		numbers[kinds++] = atoi(word);
	clean();
	for (int i = 0; i < count; i++) {
		unsigned int wait_us = (unsigned int)(random() % life_us);
		int number = numbers[random() % kinds], status;
		pid_t pid = start(argv + 6);
		unsigned long long sent;

		usleep(wait_us);
		sent = now_us();
		kill(pid, number);
		status = wait_end(pid);
		judge(number, status, now_us() - sent, limit_us, &tally);
	}
	printf("%d runs: %d ended before the signal, %d by it before they handled it, %d reported it, %d killed, %d bad; "
	       "%d took more than a second, longest %llu us\n", count, tally.ended, tally.before, tally.reported, tally.killed, tally.bad, tally.slow,
	       tally.longest_us);
	return tally.bad ? 1 : 0;
}
