// SPDX-License-Identifier: GPL-2.0-only
#include "host/trial_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cgroup_limits.h"

/* Writes a word to a file of a cgroup. 0 or -errno. */
static int put(const char *folder, const char *name, const char *word)
{
	char path[TRIAL_PATH + 32];
	int fd, code = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		code = -errno;
	close(fd);
	return code;
}

/* Does a file of a cgroup, a list of words, have "memory"? */
static bool lists_memory(const char *folder, const char *name)
{
	char path[TRIAL_PATH + 32], word[64];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	while (file && !found && fscanf(file, "%63s", word) == 1)
		found = !strcmp(word, "memory");
	if (file)
		fclose(file);
	return found;
}

/* The processes of this process's own cgroup must leave it before it may limit its children. */
static int move_home(struct trials *trials)
{
	int code;

	snprintf(trials->home, sizeof(trials->home), "%s/minivmm-%d-home", trials->parent,
		 (int)getpid());
	if (mkdir(trials->home, 0755)) {
		trials->home[0] = '\0';
		return -errno;
	}
	code = put(trials->home, "cgroup.procs", "0");
	if (code) {
		rmdir(trials->home);
		trials->home[0] = '\0';
	}
	return code;
}

/* Makes children of the parent have memory.max. 0 or -errno. */
static int enable(struct trials *trials, bool own)
{
	int code;

	if (lists_memory(trials->parent, "cgroup.subtree_control"))
		return access(trials->parent, W_OK) ? -errno : 0;
	if (!lists_memory(trials->parent, "cgroup.controllers"))
		return -ENOTSUP;
	code = own ? move_home(trials) : 0;
	if (!code)
		code = put(trials->parent, "cgroup.subtree_control", "+memory");
	trials->enabled = !code;
	if (code)
		trials_close(trials);
	return code;
}

int trials_open(struct trials *trials, struct err *err)
{
	struct cgroup_place place;
	char why[SOURCE_WHY];
	int code;

	*trials = (struct trials){ 0 };
	if (cgroup_find("", 0, CGROUP_V2, &place, why))
		return err_set(err, ENOTSUP, "no cgroup can be made: %s", why);
	snprintf(trials->parent, sizeof(trials->parent), "%s", place.mount);
	code = enable(trials, false);
	if (code && strcmp(place.folder, place.mount)) {
		snprintf(trials->parent, sizeof(trials->parent), "%s", place.folder);
		code = enable(trials, true);
	}
	if (!code)
		return 0;
	err_errno(err, -code, "%s: no cgroup with a limit of memory can be made there",
		  trials->parent);
	err_remedy(err, "run it as root, or in a cgroup of its own: systemd-run --user --scope "
			"-p Delegate=yes minivmm headroom ...");
	return code;
}

void trials_close(struct trials *trials)
{
	/* Other cgroups there may have got limits meanwhile, which they would lose. */
	if (trials->enabled && (trials->home[0] || !cgroup_has_children(trials->parent)))
		put(trials->parent, "cgroup.subtree_control", "-memory");
	trials->enabled = false;
	if (!trials->home[0])
		return;
	put(trials->parent, "cgroup.procs", "0");
	rmdir(trials->home);
	trials->home[0] = '\0';
}

int trial_make(struct trials *trials, uint64_t limit, struct err *err)
{
	char number[32];
	int code;

	snprintf(trials->folder, sizeof(trials->folder), "%s/minivmm-%d-trial", trials->parent,
		 (int)getpid());
	if (mkdir(trials->folder, 0755))
		return err_errno(err, errno, "mkdir(%s)", trials->folder);
	snprintf(number, sizeof(number), "%" PRIu64, limit);
	code = limit == UINT64_MAX ? 0 : put(trials->folder, "memory.max", number);
	/* A kernel without swap has no such file. */
	put(trials->folder, "memory.swap.max", "0");
	if (!code)
		return 0;
	rmdir(trials->folder);
	return err_errno(err, -code, "%s/memory.max", trials->folder);
}

int trial_join(const struct trials *trials)
{
	return put(trials->folder, "cgroup.procs", "0");
}

void trial_end(struct trials *trials, struct trial_figures *figures)
{
	static const char *const kills[] = { "oom_kill", NULL };

	*figures = (struct trial_figures){ 0 };
	figures->peak.known = !cgroup_number("", trials->folder, "memory.peak",
					     &figures->peak.value);
	cgroup_items("", trials->folder, "memory.events", kills, &figures->kills);
	/* The kernel lets go of the last process a moment after it has ended. */
	for (int try = 0; rmdir(trials->folder) && errno == EBUSY && try < 1000; try++)
		usleep(1000);
}
