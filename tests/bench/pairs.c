// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times whole processes, exec to exit, in turn: A B A B ... so that a machine whose speed
 * drifts is the same to both. Prints JSON: median and minimum in ns, largest resident set
 * in bytes, and the median of the ratios A/B pair by pair.
 *
 * usage: pairs RUNS 'COMMAND A' 'COMMAND B'     commands are split at blanks; output is thrown away
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 1000
#define ARGUMENTS_MAX 64

struct timed {
	char *arguments[ARGUMENTS_MAX];
	double ns[RUNS_MAX];
	long max_rss;	/* KiB */
	int status;	/* of the last run */
};

static void split(char *command, struct timed *timed)
{
	size_t count = 0;

	for (char *word = strtok(command, " "); word && count < ARGUMENTS_MAX - 1;
	     word = strtok(NULL, " "))
		timed->arguments[count++] = word;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void run(struct timed *timed, int index)
{
	double start = now_ns();
	struct rusage usage;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(timed->arguments[0], timed->arguments);
		_exit(127);
	}
	wait4(pid, &timed->status, 0, &usage);
	if (index < 0)
		return;	/* warm-up */
	timed->ns[index] = now_ns() - start;
	if (usage.ru_maxrss > timed->max_rss)
		timed->max_rss = usage.ru_maxrss;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), ascending);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print(const char *name, struct timed *timed, int runs)
{
	double middle = median(timed->ns, runs);

	printf("\"%s\": {\"median_ns\": %.0f, \"min_ns\": %.0f, \"max_rss_bytes\": %ld, "
	       "\"exit_status\": %d}, ", name, middle, timed->ns[0], timed->max_rss * 1024,
	       WIFEXITED(timed->status) ? WEXITSTATUS(timed->status) : -1);
}

int main(int argc, char **argv)
{
	static struct timed a, b;
	static double ratios[RUNS_MAX];
	int runs = argc == 4 ? atoi(argv[1]) : 0;

	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: pairs RUNS 'COMMAND A' 'COMMAND B'\n");
		return 2;
	}
	split(argv[2], &a);
	split(argv[3], &b);
	for (int i = -2; i < runs; i++) {
		run(&a, i);
		run(&b, i);
		if (i >= 0)
			ratios[i] = a.ns[i] / b.ns[i];
	}
	printf("{");
	print("a", &a, runs);
	print("b", &b, runs);
	printf("\"ratio\": %.3f, \"runs\": %d}\n", median(ratios, runs), runs);
	return 0;
}
