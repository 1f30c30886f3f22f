// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sits before a terminal on which a command runs: waits for what it shows, and types.
 *
 * usage: typist STEP... -- COMMAND...      STEP: see=TEXT, type=TEXT (^X: a control key), raw, signal=N, signal-child=N
 * Prints what the terminal showed, then the command's wait status and whether its terminal is as it was before. Exit status:
 * 1 if not all steps came true within $PATIENCE seconds, or the terminal is another one.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

struct desk {
	int terminal;
	pid_t pid;
	char shown[1 << 20];
	size_t length, seen;	/* seen: up to here a step has looked */
	time_t until;
};

static bool is_over(const struct desk *desk)
{
	return time(NULL) > desk->until;
}

/* Reads what is shown. False: the terminal is closed, or the time is up. */
static bool look(struct desk *desk)
{
	struct pollfd fd = { .fd = desk->terminal, .events = POLLIN };
	ssize_t count;

	if (is_over(desk) || desk->length + 1 >= sizeof(desk->shown))
		return false;
	if (poll(&fd, 1, 100) <= 0)
		return true;
	count = read(desk->terminal, desk->shown + desk->length, sizeof(desk->shown) - 1 - desk->length);
	if (count > 0)
		desk->length += (size_t)count;
	return count > 0;
}

static bool see(struct desk *desk, const char *text)
{
	char *at;

	while (!(at = memmem(desk->shown + desk->seen, desk->length - desk->seen, text, strlen(text))))
		if (!look(desk))
			return false;
	desk->seen = (size_t)(at - desk->shown) + strlen(text);
	return true;
}

static bool type(const struct desk *desk, const char *keys)
{
	for (; *keys; keys++) {
		char key = *keys == '^' && keys[1] ? *++keys & 0x1f : *keys;

		if (write(desk->terminal, &key, 1) != 1)
			return false;
	}
	return true;
}

static bool is_raw(struct desk *desk)
{
	struct termios modes;

	do
		if (!tcgetattr(desk->terminal, &modes) && !(modes.c_lflag & (ICANON | ISIG)))
			return true;
	while (look(desk));
	return false;
}

static pid_t child_of(pid_t pid)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "r");
	if (file && !fgets(text, sizeof(text), file))
		text[0] = '\0';
	if (file)
		fclose(file);
	return atoi(text);
}

static bool do_step(struct desk *desk, const char *step)
{
	if (!strncmp(step, "see=", 4))
		return see(desk, step + 4);
	if (!strncmp(step, "type=", 5))
		return type(desk, step + 5);
	if (!strcmp(step, "raw"))
		return is_raw(desk);
	if (!strncmp(step, "signal=", 7))
		return !kill(desk->pid, atoi(step + 7));
	if (!strncmp(step, "signal-child=", 13) && child_of(desk->pid) > 0)
		return !kill(child_of(desk->pid), atoi(step + 13));
	return false;
}

static bool same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	       !memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

int main(int argc, char **argv)
{
	static struct desk desk;
	const char *patience = getenv("PATIENCE");
	struct termios before, after;
	int slave, status = 0, at = 1;
	bool good = true;

	if (openpty(&desk.terminal, &slave, NULL, NULL, NULL) || tcgetattr(slave, &before))
		return 2;
	while (at < argc && strcmp(argv[at], "--"))
		at++;
	if (at + 1 >= argc || !patience)
		return 2;
	desk.until = time(NULL) + atoi(patience);
	desk.pid = fork();
	if (!desk.pid) {
		close(desk.terminal);
		if (login_tty(slave))
			_exit(126);
		execvp(argv[at + 1], argv + at + 1);
		_exit(127);
	}
	for (int i = 1; good && i < at; i++) {
		good = do_step(&desk, argv[i]);
		if (!good)
			printf("typist: in vain: %s\n", argv[i]);
	}
	/* The other side is open here, too: so the terminal outlives the command. */
	while (!waitpid(desk.pid, &status, WNOHANG))
		if (!look(&desk)) {
			kill(desk.pid, SIGKILL);
			good = false;
		}
	good &= !tcgetattr(slave, &after) && same(&before, &after);
	while (look(&desk) && poll(&(struct pollfd){ .fd = desk.terminal, .events = POLLIN }, 1, 0) > 0)
		continue;
	fwrite(desk.shown, 1, desk.length, stdout);
	printf("\ntypist: wait status %#x, %s\n", (unsigned int)status, good ? "the terminal is as it was" : "WRONG");
	return good ? 0 : 1;
}
