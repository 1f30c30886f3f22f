// SPDX-License-Identifier: GPL-2.0-only
/* Rules of [guest] and of phases with do = run: a payload that is a file of the user's. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "config/config_checker.h"
#include "config/ops.h"

/*
 * KVM's I/O APIC sends interrupts to 8-bit APIC ids, 0xff is all of them, and Linux starts no CPU that it can't reach
 * (try_to_enable_x2apic(), arch/x86/kernel/apic/apic.c, 6.12). One id is the I/O APIC's.
 */
#define KERNEL_VCPUS 254
#define CONSOLE_TEXT_MAX 255	/* of until = console:TEXT */
#define COMMAND_MAX 4095
#define ENVIRONMENT_MAX 3900	/* a page, less what every kernel is told */
#define ARGS_MAX 1900		/* COMMAND_LINE_SIZE of x86 is 2048; the agent's arguments come on top */

#define LOG_DURATION 200000000ull	/* phase.NAME.duration = auto of do = dirty-log */

/* A key that the payload makes no use of is a mistake. */
void check_payload_key(struct checker *checker, const struct ini_section *section, const struct key *key)
{
	int payload = checker->config->guest.payload;
	const struct ini_entry *entry = set_well(section, key->name);

	if (entry && key->with_payload && !(key->with_payload & 1u << payload))
		diag_add(checker->diags, entry->at, section->name, entry->key, entry->value,
			 "has no effect with payload = %s", payload_name(payload));
}

void check_payload_keys(struct checker *checker, const struct ini_section *section)
{
	size_t count;
	const struct key *list = keys(&count);

	for (size_t i = 0; i < count; i++)
		if (list[i].kind == KIND_GUEST)
			check_payload_key(checker, section, &list[i]);
}

static void too_long(struct checker *checker, const struct ini_section *section, const char *key,
		     const char *text, size_t most)
{
	const struct ini_entry *entry = set_well(section, key);

	if (entry && text && strlen(text) > most)
		diag_add(checker->diags, entry->at, section->name, entry->key, NULL,
			 "has %zu characters, and may have %zu", strlen(text), most);
}

/* What ends a phase that does not say so. A value that was refused is no wish for the exit. */
static int default_until(const struct ini_section *section, const struct phase_cfg *phase)
{
	if (phase->command || ini_entry(section, "until") != set_well(section, "until"))
		return UNTIL_COMMAND;
	return phase->what == DO_STRESS ? UNTIL_AUTO : UNTIL_EXIT;
}

/* Reads the number of until = mark:NUMBER, or the time of until = time:DURATION. */
static void check_until(struct checker *checker, const struct ini_section *section,
			struct phase_cfg *phase)
{
	const struct ini_entry *entry = set_well(section, "until");

	switch (phase->until) {
	case UNTIL_AUTO:
		phase->until = default_until(section, phase);
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

/* What only phases with do = run and do = stress may have. */
static void check_end(struct checker *checker, const struct ini_section *section, struct phase_cfg *phase)
{
	const struct ini_entry *status = set_well(section, "status"), *duration = set_well(section, "duration");

	check_until(checker, section, phase);
	check_agent(checker, section, phase);
	too_long(checker, section, "until", phase->until_text, CONSOLE_TEXT_MAX);
	too_long(checker, section, "command", phase->command, COMMAND_MAX);
	if (phase->command && checker->config->guest.payload == PAYLOAD_LINUX && !checker->config->guest.initrd)
		complain(checker, section, set_well(section, "command"),
			 "needs guest.initrd: the command's shell is in there");
	if (status && phase->until != UNTIL_EXIT && phase->until != UNTIL_COMMAND)
		complain(checker, section, status, "has no effect without command or until = exit");
	if (duration && phase->what == DO_STRESS && phase->until != UNTIL_AUTO)
		complain(checker, section, duration, "has no effect: the phase ends as command or until says");
}

/* What a `do` means differs with the payload, and so do the keys that it takes. */
static void check_do(struct checker *checker, const struct ini_section *section, struct phase_cfg *phase)
{
	const struct ini_entry *slot = set_well(section, "slot"), *duration = set_well(section, "duration");

	if (slot && phase->what == DO_STRESS && phase->goes_on)
		complain(checker, section, slot, "has no effect: the guest writes where it likes");
	if (phase->what != DO_DIRTY_LOG)
		return;
	if (duration && !phase->goes_on)
		complain(checker, section, duration, "has no effect: the built-in payload writes its pages once");
	if (phase->goes_on && !phase->duration)
		phase->duration = LOG_DURATION;
}

bool check_run_phase(struct checker *checker, const struct ini_section *section)
{
	struct phase_cfg *phase = &checker->config->phases[section->index];
	const struct ini_entry *what = set_well(section, "do");
	bool theirs = phase->what == DO_RUN || phase->what == DO_STRESS || phase->what == DO_DIRTY_LOG;

	if (phase->goes_on ? !theirs : phase->what == DO_RUN) {
		diag_add(checker->diags, what->at, section->name, what->key, what->value,
			 "payload = %s takes %s", payload_name(checker->config->guest.payload),
			 phase->goes_on ? "do = run, stress and dirty-log" : "every `do` but run");
		return false;
	}
	check_do(checker, section, phase);
	if (phase->goes_on && phase->what != DO_DIRTY_LOG)
		check_end(checker, section, phase);
	return true;
}

void check_real_guest_worker(struct checker *checker, const struct ini_section *section,
			     const struct memslot_cfg *slot)
{
	unsigned int traits = op_info(checker->config->workers[section->index].op)->traits;

	if (checker->config->guest.payload == PAYLOAD_NESTED)
		return;
	if (traits & (OP_IN_GUEST | OP_MAKES_VM))
		complain(checker, section, set_well(section, "op"), "needs payload = nested, which does it");
	if (slot && slot->kind == SLOT_RAM && traits & (OP_REMOVES_SLOT | OP_LOSES_DATA | OP_WRITE_PROTECTS))
		complain(checker, section, set_well(section, "slot"),
			 "is RAM of the guest, whose kernel needs it all the time: name a slot with kind = device");
}

/* A guest that has ended can't go on. */
static void check_order(struct checker *checker)
{
	const struct config *config = checker->config;
	char name[sizeof("phase.") + CONFIG_NAME_MAX];

	for (size_t i = 0; i + 1 < config->phase_count; i++) {
		const struct phase_cfg *next = &config->phases[i + 1];

		if (!config->phases[i].goes_on || config->phases[i].until != UNTIL_EXIT)
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
