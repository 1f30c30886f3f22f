// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cmd/cmd.h"

static const struct command table[] = {
	{ "smoke", "minivmm smoke", "", "tests this host in seconds; no config", cmd_smoke },
	{ "run", "minivmm run", " CONFIG.ini", "runs a scenario; run may be left out", cmd_run },
	{ "plan", "minivmm plan", " CONFIG.ini", "predicts what a VM costs; no KVM, no root", cmd_plan },
	{ "init", "minivmm init", "", "writes a commented config to start from", cmd_init },
	{ "stat", "minivmm stat", " [PID]", "shows whether the VMs of this host are lazy", cmd_stat },
	{ "headroom", "minivmm headroom", " CONFIG.ini", "measures how large its cgroup must be",
	  cmd_headroom },
	{ "sweep", "minivmm sweep", "", "measures by VM size and number of slots", cmd_sweep },
	{ "kernels", "minivmm kernels", " LIST CONFIG", "runs each kernel of a list: one table", cmd_kernels },
	{ "report", "minivmm report", " VERB FILE...", "show, diff, merge, plot, html or crash",
	  cmd_report },
	{ "list", "minivmm list", " WHAT", "lists keys, checks, ops or scenarios", cmd_list },
	{ "help", "minivmm help", " [COMMAND]", "this, or the help of a command", cmd_help },
	{ "version", "minivmm version", "", "the version of this program", cmd_version },
};

#define COUNT (sizeof(table) / sizeof(table[0]))

const struct command *commands(size_t *count)
{
	*count = COUNT;
	return table;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(name, table[i].name))
			return &table[i];
	return NULL;
}

bool command_is_mistyped(const char *word)
{
	struct suggestion suggestion = SUGGESTION(word);

	/* A name with one of these, or of a file that exists, is meant as a config. */
	if (strpbrk(word, "./:=") || word[0] == '-' || !access(word, F_OK))
		return false;
	for (size_t i = 0; i < COUNT; i++)
		suggest_try(&suggestion, table[i].name);
	if (suggestion.best)
		cmd_say("minivmm: %s: neither a command nor a file; did you mean %s?", word, suggestion.best);
	else
		cmd_say("minivmm: %s: neither a command nor a file; minivmm help lists the commands", word);
	return true;
}
