// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times whole processes, exec to exit, in turn: A B A B ... so that a machine whose speed
 * drifts is the same to both. Prints JSON: mean, median and least in ns, processor time in ns,
 * of it the kernel's and that of guests (by ticks), largest resident set in bytes, the ratio of the
 * means, and that of each tenth of the runs.
 *
 * Not of the medians: a VM's end waits for RCU grace periods, which end with a tick (4 ms with
 * Debian's HZ=250), so the times come in steps as long as a tenth of the whole, and a median
 * is one step or the next. Not back to back either: each process would begin where in a
 * tick its predecessor ended, so that one's steps would depend on the other's length.
 *
 * usage: pairs RUNS 'COMMAND A' ['COMMAND B']     commands are split at blanks; output is thrown away
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
#define TENTHS 10
#define IDLE_MAX_NS 12000000l	/* three ticks */

struct timed {
	char *arguments[ARGUMENTS_MAX];
	double ns[RUNS_MAX];
	double cpu_ns;				/* of the run that took the least processor time */
	/*
	 * Of all runs: of what a process takes, the kernel tells its own part and a guest's by who runs at each tick
	 * (CONFIG_TICK_CPU_ACCOUNTING), which is a handful of samples of one run.
	 */
	double cpu_sum, system_sum, guest_sum;
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

static void idle(void)
{
	struct timespec time = { .tv_nsec = random() % IDLE_MAX_NS };

	nanosleep(&time, NULL);
}

static double timeval_ns(struct timeval time)
{
	return (double)time.tv_sec * 1e9 + (double)time.tv_usec * 1e3;
}

/* What the guests of an ended process and of its children took: part of its user time. proc_pid_stat(5), 43 and 44. */
static double guest_ns(pid_t pid)
{
	char path[64], line[1024], *field;
	unsigned long own = 0, children = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	field = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	/* The name, in parentheses, is the second. */
	for (int number = 2; field && number < 43; number++)
		field = strchr(field + 1, ' ');
	if (!field || sscanf(field, "%lu %lu", &own, &children) != 2)
		fprintf(stderr, "pairs: %s: no guest time\n", path);
	if (file)
		fclose(file);
	return (double)(own + children) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

static void run(struct timed *timed, int index)
{
	struct rusage usage;
	double start, cpu_ns, end_ns, guests;
	siginfo_t ended;
	pid_t pid;

	idle();
	start = now_ns();
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(timed->arguments[0], timed->arguments);
		_exit(127);
	}
	waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT);
	end_ns = now_ns();
	guests = guest_ns(pid);
	wait4(pid, &timed->status, 0, &usage);
	if (index < 0)
		return;	/* warm-up */
	timed->ns[index] = end_ns - start;
	cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	if (!timed->cpu_ns || cpu_ns < timed->cpu_ns)
		timed->cpu_ns = cpu_ns;
	timed->cpu_sum += cpu_ns;
	timed->system_sum += timeval_ns(usage.ru_stime);
	timed->guest_sum += guests;
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

static double mean(const double *values, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += values[i];
	return sum / count;
}

static void print_ratios(const struct timed *a, const struct timed *b, int runs)
{
	int tenths = runs < TENTHS ? runs : TENTHS;

	printf(", \"ratio\": %.3f, \"ratios\": [", mean(a->ns, runs) / mean(b->ns, runs));
	for (int i = 0; i < tenths; i++) {
		int first = runs * i / tenths, count = runs * (i + 1) / tenths - first;

		printf("%s%.3f", i ? ", " : "", mean(a->ns + first, count) / mean(b->ns + first, count));
	}
	printf("]");
}

/* A part of the least processor time, as large as it is of all runs' time. */
static double part(const struct timed *timed, double sum)
{
	return timed->cpu_sum > 0 ? timed->cpu_ns * sum / timed->cpu_sum : 0;
}

/* Sorts the times. */
static void print(const char *name, struct timed *timed, int runs)
{
	double middle = median(timed->ns, runs);

	printf(", \"%s\": {\"mean_ns\": %.0f, \"median_ns\": %.0f, \"min_ns\": %.0f, "
	       "\"cpu_ns\": %.0f, \"system_ns\": %.0f, \"guest_ns\": %.0f, "
	       "\"max_rss_bytes\": %ld, \"exit_status\": %d}",
	       name, mean(timed->ns, runs), middle, timed->ns[0], timed->cpu_ns,
	       part(timed, timed->system_sum), part(timed, timed->guest_sum), timed->max_rss * 1024,
	       WIFEXITED(timed->status) ? WEXITSTATUS(timed->status) : -1);
}

int main(int argc, char **argv)
{
	static struct timed a, b;
	int runs = argc == 3 || argc == 4 ? atoi(argv[1]) : 0;

	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: pairs RUNS 'COMMAND A' ['COMMAND B']\n");
		return 2;
	}
	split(argv[2], &a);
	if (argc == 4)
		split(argv[3], &b);
	/* Two warm-ups; none for a single run, which lasts long enough. */
	for (int i = runs > 1 ? -2 : 0; i < runs; i++) {
		run(&a, i);
		if (argc == 4)
			run(&b, i);
	}
	printf("{\"runs\": %d", runs);
	if (argc == 4)
		print_ratios(&a, &b, runs);
	print("a", &a, runs);
	if (argc == 4)
		print("b", &b, runs);
	printf("}\n");
	return 0;
}
