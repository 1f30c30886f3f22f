// SPDX-License-Identifier: GPL-2.0-only
#include "vm/agent_port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_INIT "/init"

_Static_assert(AGENT_OUTPUT_KEPT > sizeof(((struct tail *)NULL)->text), "what comes before it is seen to be cut");

bool agent_is_needed(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (config->phases[i].command || config->phases[i].until == UNTIL_MARK)
			return config->guest.payload == PAYLOAD_LINUX;
	return false;
}

#define BLANKS " \t\n\v\f\r\xa0"	/* isspace() of the kernel: lib/ctype.c */

/* An argument of the kernel's ends at a blank that is not in quotes: next_arg() (lib/cmdline.c). */
static size_t word_length(const char *word)
{
	bool quoted = false;
	size_t length = 0;

	for (; word[length] && (quoted || !strchr(BLANKS, word[length])); length++)
		quoted ^= word[length] == '"';
	return length;
}

static const char *skip_blanks(const char *args)
{
	return args + strspn(args, BLANKS);
}

struct text {
	const char *at;
	size_t length;
};

/* As next_arg(): the quote that a text begins with is not a part of it, nor is then one at its end. */
static struct text without_quotes(struct text text)
{
	if (!text.length || *text.at != '"')
		return text;
	text.at++;
	text.length--;
	text.length -= text.length && text.at[text.length - 1] == '"';
	return text;
}

static struct text argument(const char *word)
{
	return without_quotes((struct text){ word, word_length(word) });
}

/* What comes after a word "--" is not the kernel's but init's: parse_args() (kernel/params.c). */
static bool is_end(const char *word)
{
	struct text text = argument(word);

	return !*word || (text.length == 2 && !strncmp(text.at, "--", 2));
}

/* As the kernel's, the last one counts. */
size_t agent_init_path(const struct config *config, char *path, size_t size)
{
	const char *word = skip_blanks(config->guest.args ? config->guest.args : "");
	struct text found = { DEFAULT_INIT, strlen(DEFAULT_INIT) };
	size_t prefix = strlen(AGENT_INIT_ARG);

	for (; !is_end(word); word = skip_blanks(word + word_length(word))) {
		struct text text = argument(word);

		if (text.length >= prefix && !strncmp(text.at, AGENT_INIT_ARG, prefix))
			found = without_quotes((struct text){ text.at + prefix, text.length - prefix });
	}
	if (found.length >= size)
		found.length = size - 1;
	memcpy(path, found.at, found.length);
	path[found.length] = '\0';
	return found.length;
}

int agent_args(const char *args, char *all, size_t size)
{
	const char *word = skip_blanks(args);
	size_t quotes = 0;

	while (!is_end(word))
		word = skip_blanks(word + word_length(word));
	for (const char *at = args; at < word; at++)
		quotes += *at == '"';
	snprintf(all, size, "%.*s%s" AGENT_INIT_ARG AGENT_INIT "%s%s", (int)(word - args), args,
		 word > args && !strchr(BLANKS, word[-1]) ? " " : "", *word ? " " : "", word);
	return quotes % 2 ? -EINVAL : 0;
}

void agent_begin_phase(struct agent_port *agent, size_t phase)
{
	agent->phase = phase;
	agent->begun = agent->ended = false;
	agent->output = (struct tail){ 0 };
}

static bool has_more_commands(const struct agent_port *agent)
{
	for (size_t i = agent->phase; i < agent->config->phase_count; i++)
		if (agent->config->phases[i].command && (i > agent->phase || !agent->ended))
			return true;
	return false;
}

static uint32_t next(struct agent_port *agent)
{
	const char *command = agent->config->phases[agent->phase].command;

	agent->next = agent->length = 0;
	if (command && !agent->begun) {
		agent->begun = true;
		agent->length = (uint32_t)snprintf(agent->text, sizeof(agent->text), "%s", command);
		if (agent->length >= sizeof(agent->text))
			agent->length = sizeof(agent->text) - 1;
		return AGENT_DO_RUN | agent->length;
	}
	if (has_more_commands(agent))
		return AGENT_DO_WAIT;
	agent->length = (uint32_t)agent_init_path(agent->config, agent->text, sizeof(agent->text));
	return AGENT_DO_INIT | agent->length;
}

uint32_t agent_read(struct agent_port *agent, unsigned int port, unsigned int size)
{
	if (port == AGENT_NEXT && size == 4)
		return next(agent);
	if (port == AGENT_TEXT && size == 1 && agent->next < agent->length)
		return (uint8_t)agent->text[agent->next++];
	return port == AGENT_TEXT ? 0 : UINT32_MAX;
}

enum agent_event agent_write(struct agent_port *agent, unsigned int port, unsigned int size,
			     uint32_t value)
{
	bool runs = agent->begun && !agent->ended;

	if (port == AGENT_OUTPUT && size == 1 && runs)
		tail_add(&agent->output, (char)value);
	if (port == AGENT_MARK && size == 4)
		return AGENT_MARKED;
	if (port != AGENT_STATUS || size != 4 || !runs)
		return AGENT_NOTHING;
	agent->ended = true;
	return AGENT_ENDED;
}
