/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a config that need more than one key to be judged. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/ini.h"
#include "config/keys.h"

/*
 * Also settles the defaults that depend on other keys. config's objects are those of
 * the sections of ini, by kind and index.
 */
void config_check(struct config *config, const struct ini *ini, struct diags *diags);

#endif
