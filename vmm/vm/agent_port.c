// SPDX-License-Identifier: GPL-2.0-only
#include "vm/agent_port.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_INIT "/init"

bool agent_is_needed(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (config->phases[i].command || config->phases[i].until == UNTIL_MARK)
			return config->guest.payload == PAYLOAD_LINUX;
	return false;
}

/* As the kernel's, the last one counts. */
size_t agent_init_path(const struct config *config, char *path, size_t size)
{
	const char *args = config->guest.args ? config->guest.args : "", *found = DEFAULT_INIT;
	size_t length = strlen(found), prefix = strlen(AGENT_INIT_ARG);

	for (const char *word = args; *word; word += strcspn(word, " ")) {
		word += strspn(word, " ");
		if (strncmp(word, AGENT_INIT_ARG, prefix))
			continue;
		found = word + prefix;
		length = strcspn(found, " ");
	}
	length = length < size ? length : size - 1;
	memcpy(path, found, length);
	path[length] = '\0';
	return length;
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
