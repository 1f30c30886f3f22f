// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command of minivmm again and again. In each run a seccomp filter denies one of the system calls that the command makes,
 * all of them, as a container's filter does: first with EPERM, then with ENOSYS.
 *
 *	denied NAME STATUS EPERM|ENOSYS|both PROGRAM ARGUMENT...
 *
 * STATUS is the command's exit status where nothing is denied, or a list of them: 0,4. It works in an empty folder, where the
 * command's -o has to name out.json. The program has to be static: ld.so's own calls would fail before it begins. Prints a
 * TAP line, and before that a line for each call that the command did not tolerate: it hangs,
 * dies by a signal, blames the host (a FAIL) or the user (exit status 2), leaves a torn report or another file, or ends with
 * an error that says nothing. DENIED_SHOW=1 prints a line for every call.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "walk.h"

#define CALLS 512
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
/* A run hangs if it takes a minute longer than 20 runs in which nothing is denied. */
#define TIMEOUT_MS 60000
#define TIMEOUT_RUNS 20
/* The run in which nothing is denied ends this program if it takes so many seconds. */
#ifndef BASE_S
#define BASE_S 600
#endif

static const char names[CALLS][32] = {
#include SYSCALL_NAMES
};

/*
 * What no C program lives without: the kernel's way to start and to end one, and what the C library aborts without. Each
 * of them ends minivmm before main(), or in a function of the library that does not return.
 */
static const int vital[] = {
	SYS_execve, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_arch_prctl, SYS_set_tid_address, SYS_futex,
	SYS_mprotect,	/* full RELRO */
};

struct denied {
	char *const *argv;
	bool uses[CALLS];
	int out, err, timeout_ms;
	struct outcome base;
	size_t tried, bad;
};

static void load(int call, unsigned int action, struct sock_filter *code)
{
	const struct sock_filter all[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, call < 0 ? action : SECCOMP_RET_ALLOW),
	};

	memcpy(code, all, sizeof(all));
}

/* Installs the filter for one call, or for all (-1). */
static void filter(int call, unsigned int action)
{
	struct sock_filter code[4];
	struct sock_fprog program = { COUNT(code), code };

	load(call, action, code);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(126);
}

/* Becomes the program. call: NONE: nothing is denied; all calls are shown to the tracer, which is this one's parent. */
#define NONE (-1)

static _Noreturn void become_program(const struct denied *denied, int call, int code)
{
	int null = open("/dev/null", O_RDONLY);

	/* All that it starts ends with it: see end_all(). */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(denied->out, 1);
	dup2(denied->err, 2);
	if (call == NONE && (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP)))
		_exit(126);
	filter(call, call == NONE ? SECCOMP_RET_TRACE : SECCOMP_RET_ERRNO | (unsigned int)code);
	execv(denied->argv[0], denied->argv);
	_exit(126);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Notes each call of the process, its threads and its children, until all have ended. Returns the process's wait status. */
static int trace(struct denied *denied, pid_t first)
{
	long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status, result = 0;
	pid_t pid;

	if (waitpid(first, &status, __WALL) != first || ptrace(PTRACE_SETOPTIONS, first, NULL, options))
		die("ptrace");
	ptrace(PTRACE_CONT, first, NULL, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct user_regs_struct registers;
		int event = status >> 16, number = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (!WIFSTOPPED(status)) {
			if (pid == first)
				result = status;
			continue;
		}
		if (event == PTRACE_EVENT_SECCOMP && !ptrace(PTRACE_GETREGS, pid, NULL, &registers) &&
		    registers.orig_rax < CALLS)
			denied->uses[registers.orig_rax] = true;
		/* Stops of ptrace's own, and the first of a new thread, are no signals to be passed on. */
		ptrace(PTRACE_CONT, pid, NULL, event || number == SIGTRAP || number == SIGSTOP ? 0 : number);
	}
	return result;
}

/* Those of the program's children that live on are this process's (PR_SET_CHILD_SUBREAPER): /proc/PID/task/TID/children. */
static void kill_children(void)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "r");
	while (file && fscanf(file, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (file)
		fclose(file);
}

/* A child whose parent has ended becomes this process's: so again and again, until there is none. */
static void end_all(pid_t group)
{
	const struct timespec tick = { 0, 1000000 };
	pid_t pid;

	kill(-group, SIGKILL);
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		if (pid)
			continue;
		kill_children();
		nanosleep(&tick, NULL);
	}
}

/* Returns false if it did not end in time. */
static bool wait_end(pid_t pid, int timeout_ms, int *status)
{
	const struct timespec tick = { 0, 1000000 };
	long until = now_ms() + timeout_ms;
	bool in_time = true;

	while (!waitpid(pid, status, WNOHANG)) {
		if (now_ms() > until) {
			in_time = false;
			kill(pid, SIGKILL);
		}
		nanosleep(&tick, NULL);
	}
	end_all(pid);
	return in_time;
}

/* Empties the folder. Returns true if there was something else than the report. */
static bool clean_up(void)
{
	DIR *folder = opendir(".");
	const struct dirent *entry;
	bool found = false;

	while (folder && (entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		found |= strcmp(entry->d_name, OUT_FILE) != 0;
		unlink(entry->d_name);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* What -o wrote. A page of HTML becomes a JSON string; what is not whole becomes NULL. */
static json_t *load_saved(void)
{
	static const char end[] = "</html>\n";
	json_t *saved = json_load_file(OUT_FILE, 0, NULL);
	FILE *file = saved ? NULL : fopen(OUT_FILE, "r");
	char tail[sizeof(end)] = "";

	if (file && !fseek(file, 1 - (long)sizeof(end), SEEK_END) && fread(tail, 1, sizeof(end) - 1, file) &&
	    !strcmp(tail, end))
		saved = json_string(end);
	if (file)
		fclose(file);
	return saved;
}

/* One run, in which this call is denied, or none. */
static void run(struct denied *denied, int call, int code, struct outcome *outcome)
{
	int status = 0;
	pid_t pid;

	*outcome = (struct outcome){ .call.code = code };
	if (ftruncate(denied->out, 0) || ftruncate(denied->err, 0) || lseek(denied->out, 0, SEEK_SET) ||
	    lseek(denied->err, 0, SEEK_SET))
		die("starting a run");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		become_program(denied, call, code);
	if (call == NONE)
		status = trace(denied, pid);
	else
		outcome->timeout = !wait_end(pid, denied->timeout_ms, &status);
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	outcome->status = WEXITSTATUS(status);
	outcome->out = take(denied->out, &outcome->out_size);
	outcome->err = take(denied->err, &outcome->err_size);
	outcome->file = !access(OUT_FILE, F_OK);
	outcome->saved = load_saved();
	outcome->litter = clean_up();
}

static void forget(struct outcome *outcome)
{
	free((char *)outcome->out);
	free((char *)outcome->err);
	json_decref(outcome->saved);
}

/* NULL, or what is wrong. */
static const char *judge_denied(const struct outcome *base, const struct outcome *now, int call)
{
	if (now->timeout)
		return "it hangs";
	if (now->signal)
		return "it dies by a signal";
	if (now->status > 4)
		return "an exit status that is none";
	if (now->litter)
		return "a file is left";
	if (now->file && !now->saved)
		return "-o FILE is no whole report";
	if (now->status == base->status)
		return NULL;
	if (now->status == 0)
		return "exit status 0, where without the failure there is none";
	if (now->status == 1)
		return "a check failed: this is not the host's fault";
	if (now->status == 2)
		return "exit status 2: this is not the user's fault";
	if (!now->err_size && !now->saved && call != SYS_write)
		return "nothing says what failed";
	return NULL;
}

static bool is_vital(int call)
{
	for (size_t i = 0; i < COUNT(vital); i++)
		if (vital[i] == call)
			return true;
	return false;
}

static void deny(struct denied *denied, int call, int code)
{
	struct outcome now;
	const char *wrong;

	run(denied, call, code, &now);
	wrong = judge_denied(&denied->base, &now, call);
	if (wrong || getenv("DENIED_SHOW")) {
		printf("# %s, %s: %s (exit status %d, signal %d)\n", names[call], strerrorname_np(code),
		       wrong ? wrong : "tolerated", now.status, now.signal);
		for (const char *line = now.err; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0'))
			printf("#   stderr: %.*s\n", (int)strcspn(line, "\n"), line);
		fflush(stdout);
	}
	denied->tried++;
	denied->bad += wrong != NULL;
	forget(&now);
}

static char folder[] = "/tmp/denied.XXXXXX";

/* Ends this program, and so what it runs (PTRACE_O_EXITKILL). */
static void say_hang(int number)
{
	static const char line[] = "not ok - it hangs, and nothing is denied\n";

	(void)number;
	rmdir(folder);
	_exit(write(STDOUT_FILENO, line, sizeof(line) - 1) < 0 ? 3 : 1);
}

static void run_base(struct denied *denied)
{
	long start = now_ms();

	signal(SIGALRM, say_hang);
	alarm(BASE_S);
	run(denied, NONE, 0, &denied->base);
	alarm(0);
	denied->timeout_ms = TIMEOUT_MS + TIMEOUT_RUNS * (int)(now_ms() - start);
}

/* Is the status in the list of numbers and commas? */
static bool is_listed(int status, const char *list)
{
	for (; list; list = strchr(list, ','), list += list != NULL)
		if (atoi(list) == status)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct denied denied = { .argv = argv + 4, .out = memfd_create("out", MFD_CLOEXEC), .err = memfd_create("err", MFD_CLOEXEC) };
	bool perm, nosys, good;

	if (argc < 5 || !mkdtemp(folder) || chdir(folder))
		die("usage: denied NAME STATUS EPERM|ENOSYS|both PROGRAM ARGUMENT...");
	perm = strcmp(argv[3], "ENOSYS") != 0;
	nosys = strcmp(argv[3], "EPERM") != 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	run_base(&denied);
	for (int call = 0; call < CALLS; call++) {
		if (!denied.uses[call] || is_vital(call))
			continue;
		if (perm)
			deny(&denied, call, EPERM);
		if (nosys)
			deny(&denied, call, ENOSYS);
	}
	good = !denied.bad && denied.tried && is_listed(denied.base.status, argv[2]) && !denied.base.signal &&
	       !denied.base.litter && (!denied.base.file || denied.base.saved);
	printf("%sok - %s: %zu denials, %zu were not tolerated; exit status without %d\n", good ? "" : "not ",
	       argv[1], denied.tried, denied.bad, denied.base.status);
	forget(&denied.base);
	if (chdir("/") || rmdir(folder))
		die(folder);
	return !good;
}
