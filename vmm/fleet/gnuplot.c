// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/gnuplot.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/save.h"

extern char **environ;

/* The child's standard streams are files: pipes would have to be read and written at once. */
struct streams {
	FILE *file[3];
};

/* What main() ignores would stay ignored in a program that is started. */
static void set_default_signals(posix_spawnattr_t *attributes)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	posix_spawnattr_setsigdefault(attributes, &signals);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static int start(const struct streams *streams, pid_t *pid)
{
	char program[] = "gnuplot", script[] = "-";
	char *const argv[] = { program, script, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return -rc;
	posix_spawnattr_init(&attributes);
	set_default_signals(&attributes);
	for (int fd = 0; !rc && fd < 3; fd++)
		rc = posix_spawn_file_actions_adddup2(&actions, fileno(streams->file[fd]), fd);
	if (!rc)
		rc = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int run(const struct streams *streams, struct err *err)
{
	char complaint[256] = "";
	int status, rc;
	pid_t pid;

	rc = start(streams, &pid);
	if (rc) {
		err_errno(err, -rc, "starting gnuplot");
		if (rc == -ENOENT)
			err_remedy(err, "install gnuplot (Debian: apt-get install gnuplot-nox), or "
				   "use report html, which does not need it");
		return rc;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(err, errno, "waiting for gnuplot");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	rewind(streams->file[2]);
	complaint[fread(complaint, 1, sizeof(complaint) - 1, streams->file[2])] = '\0';
	return err_set(err, EIO, "gnuplot failed: %s", complaint + strspn(complaint, "\n "));
}

static int copy(const void *what, FILE *out)
{
	const struct streams *streams = what;
	char buffer[4096];
	size_t size;

	rewind(streams->file[1]);
	while ((size = fread(buffer, 1, sizeof(buffer), streams->file[1])) > 0)
		if (fwrite(buffer, 1, size, out) != size)
			return -errno;
	return ferror(streams->file[1]) ? -EIO : 0;
}

int gnuplot_run(const char *script, size_t size, const char *path, struct err *err)
{
	struct streams streams = { { tmpfile(), tmpfile(), tmpfile() } };
	int rc = 0;

	if (!streams.file[0] || !streams.file[1] || !streams.file[2])
		rc = err_errno(err, errno, "making temporary files for gnuplot");
	else if (fwrite(script, 1, size, streams.file[0]) != size || fflush(streams.file[0]))
		rc = err_errno(err, errno, "writing gnuplot's script");
	if (!rc) {
		rewind(streams.file[0]);
		rc = run(&streams, err);
	}
	if (!rc)
		rc = save_file(path, copy, &streams, err);
	for (int i = 0; i < 3; i++)
		if (streams.file[i])
			fclose(streams.file[i]);
	return rc;
}
