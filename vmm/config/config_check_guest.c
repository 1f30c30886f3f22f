// SPDX-License-Identifier: GPL-2.0-only
/* Rules of [guest] and of phases with do = run: a payload that is a file of the user's. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "config/config_checker.h"

#define KERNEL_VCPUS 254	/* APIC ids up to 0xfe: the ACPI table has no x2APIC entries */
#define CONSOLE_TEXT_MAX 255	/* of until = console:TEXT */
#define COMMAND_MAX 4095
#define ENVIRONMENT_MAX 3900	/* a page, less what every kernel is told */
#define ARGS_MAX 1900		/* COMMAND_LINE_SIZE of x86 is 2048; the agent's arguments come on top */

/* A key that the payload makes no use of is a mistake. */
void check_payload_keys(struct checker *checker, const struct ini_section *section)
{
	int payload = checker->config->guest.payload;
	size_t count;
	const struct key *list = keys(&count);

	for (size_t i = 0; i < count; i++) {
		const struct ini_entry *entry = set_well(section, list[i].name);

		if (!entry || list[i].kind != KIND_GUEST || !list[i].with_payload ||
		    list[i].with_payload & 1u << payload)
			continue;
		diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
			 "has no effect with payload = %s", payload_name(payload));
	}
}

static void too_long(struct checker *checker, const struct ini_section *section, const char *key,
		     const char *text, size_t most)
{
	const struct ini_entry *entry = set_well(section, key);

	if (entry && text && strlen(text) > most)
		diag_add(checker->diags, entry->at, section->name, entry->key, NULL,
			 "has %zu characters, and may have %zu", strlen(text), most);
}

/* Reads the number of until = mark:NUMBER, or the time of until = time:DURATION. */
static void check_until(struct checker *checker, const struct ini_section *section,
			struct phase_cfg *phase)
{
	const struct ini_entry *entry = set_well(section, "until");

	switch (phase->until) {
	case UNTIL_AUTO:
		/* A value that was refused is no wish for the exit. */
		phase->until = phase->command || ini_entry(section, "until") != entry ?
			       UNTIL_COMMAND : UNTIL_EXIT;
		return;
	case UNTIL_MARK:
		if (!parse_u64(phase->until_text, &phase->until_value) ||
		    phase->until_value > UINT32_MAX)
			complain(checker, section, entry, "after mark: a number below 4294967296 must follow");
		break;
	case UNTIL_TIME:
		if (!parse_duration(phase->until_text, &phase->until_value) || !phase->until_value)
			complain(checker, section, entry,
				 "after time: a duration must follow: 500ms, 60s, 10m");
		break;
	default:
		break;
	}
	if (phase->command)
		complain(checker, section, entry, "has no effect with command: the phase ends with it");
}

/* The agent, which says marks and runs commands, is in a Linux guest's initramfs. */
static void check_agent(struct checker *checker, const struct ini_section *section,
			const struct phase_cfg *phase)
{
	if (checker->config->guest.payload == PAYLOAD_LINUX)
		return;
	if (phase->command)
		complain(checker, section, set_well(section, "command"),
			 "needs payload = linux: it is run by a shell");
	if (phase->until == UNTIL_MARK && set_well(section, "until"))
		complain(checker, section, set_well(section, "until"),
			 "needs payload = linux: minivmm's agent says marks");
}

void check_run_phase(struct checker *checker, const struct ini_section *section)
{
	struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *what = set_well(section, "do"), *status = set_well(section, "status");
	int payload = checker->config->guest.payload;

	if (!what)
		return;
	if ((phase->what == DO_RUN) != (payload != PAYLOAD_NESTED)) {
		diag_add(checker->diags, what->at, section->name, what->key, what->value,
			 "payload = %s takes %s", payload_name(payload),
			 payload == PAYLOAD_NESTED ? "every `do` but run" : "do = run alone");
		return;
	}
	if (phase->what != DO_RUN)
		return;
	check_until(checker, section, phase);
	check_agent(checker, section, phase);
	too_long(checker, section, "until", phase->until_text, CONSOLE_TEXT_MAX);
	too_long(checker, section, "command", phase->command, COMMAND_MAX);
	if (phase->command && payload == PAYLOAD_LINUX && !checker->config->guest.initrd)
		complain(checker, section, set_well(section, "command"),
			 "needs guest.initrd: the command's shell is in there");
	if (status && phase->until != UNTIL_EXIT && phase->until != UNTIL_COMMAND)
		complain(checker, section, status, "has no effect without command or until = exit");
}

/* A guest that has ended can't go on. */
static void check_order(struct checker *checker)
{
	const struct config *config = checker->config;
	char name[sizeof("phase.") + CONFIG_NAME_MAX];

	for (size_t i = 0; i + 1 < config->phase_count; i++) {
		const struct phase_cfg *next = &config->phases[i + 1];

		if (config->phases[i].what != DO_RUN || config->phases[i].until != UNTIL_EXIT)
			continue;
		snprintf(name, sizeof(name), "phase.%s", next->name);
		diag_add(checker->diags, next->at, name, NULL, NULL,
			 "comes after [phase.%s], which lasts until the guest's exit",
			 config->phases[i].name);
		return;
	}
}

static bool sets(struct checker *checker, const char *section_name, const char *key,
		 const struct ini_section **section)
{
	*section = ini_section(checker->ini, section_name);
	return *section && set_well(*section, key);
}

/* NAME is as in a shell, so that whoever reads a line finds where its value begins. */
static bool is_variable(const char *word, size_t length)
{
	size_t name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

	return name && name < length && word[name] == '=' && (word[0] < '0' || word[0] > '9');
}

static void check_environment(struct checker *checker, const struct ini_section *section)
{
	const struct ini_entry *entry = set_well(section, "environment");
	const char *word = checker->config->guest.environment;

	for (; entry && word && *word; word += strcspn(word, " ")) {
		size_t length;

		word += strspn(word, " ");
		length = strcspn(word, " ");
		if (length && !is_variable(word, length))
			diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
				 "%.*s is not NAME=VALUE", (int)length, word);
	}
}

void check_payload(struct checker *checker)
{
	const struct config *config = checker->config;
	const struct ini_section *section;

	if (config->guest.payload == PAYLOAD_NESTED ||
	    !sets(checker, "guest", "payload", &section))
		return;
	check_order(checker);
	too_long(checker, section, "args", config->guest.args, ARGS_MAX);
	check_environment(checker, section);
	too_long(checker, section, "environment", config->guest.environment, ENVIRONMENT_MAX);
	if (!config->guest.kernel && !ini_entry(section, "kernel") && checker->runs)
		diag_add(checker->diags, section->at, "guest", "kernel", NULL,
			 "is missing: payload = %s boots a file", payload_name(config->guest.payload));
	if (config->vm.vcpus > KERNEL_VCPUS && sets(checker, "vm", "vcpus", &section))
		diag_add(checker->diags, set_well(section, "vcpus")->at, "vm", "vcpus", NULL,
			 "must be at most %d with payload = %s", KERNEL_VCPUS,
			 payload_name(config->guest.payload));
}
