/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rules of more than one key have in common. Only for config_check*.c. */
#ifndef CONFIG_CHECKER_H
#define CONFIG_CHECKER_H

#include "config/config_check.h"

struct checker {
	struct config *config;
	const struct ini *ini;
	struct diags *diags;
	bool runs;		/* else only the layout matters */
};

/* The entry of a key that the config sets to a valid value, or NULL. */
static inline const struct ini_entry *set_well(const struct ini_section *section, const char *key)
{
	const struct ini_entry *entry = ini_entry(section, key);

	return entry && !entry->bad ? entry : NULL;
}

static inline void complain(struct checker *checker, const struct ini_section *section,
			    const struct ini_entry *entry, const char *rule)
{
	diag_add(checker->diags, entry->at, section->name, entry->key, entry->value, "%s", rule);
}

/* Rules of payloads that are files of the user's, and of phases that run them: config_check_guest.c. */
void check_payload_key(struct checker *checker, const struct ini_section *section, const struct key *key);
void check_payload_keys(struct checker *checker, const struct ini_section *section);
/* Is the phase's `do` one of the payload's? */
bool check_run_phase(struct checker *checker, const struct ini_section *section);
/* slot: the one that [worker.NAME] works on, or NULL. */
void check_real_guest_worker(struct checker *checker, const struct ini_section *section,
			     const struct memslot_cfg *slot);
/* Those that hold for the whole config. */
void check_payload(struct checker *checker);

#endif
