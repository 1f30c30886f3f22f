// SPDX-License-Identifier: GPL-2.0-only
/* Runs a command with a signal blocked, as some that start programs leave them. usage: block-signal NUMBER COMMAND... */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sigset_t one;

	if (argc < 3)
		return 2;
	sigemptyset(&one);
	sigaddset(&one, atoi(argv[1]));
	sigprocmask(SIG_BLOCK, &one, NULL);
	execvp(argv[2], argv + 2);
	return 126;
}
