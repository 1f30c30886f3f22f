/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a config that concern more than one key. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/ini.h"
#include "config/keys.h"

/*
 * Also sets the defaults that depend on other keys. The object of an ini section is the one of its
 * kind and index. runs: a config without phases is an error.
 */
void config_check(struct config *config, const struct ini *ini, bool runs, struct diags *diags);

#endif
