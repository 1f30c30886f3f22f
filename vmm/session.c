// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <stdlib.h>

#include "layout.h"

struct session *session_new(void)
{
	return calloc(1, sizeof(struct session));
}

void session_free(struct session *session)
{
	if (!session || session->run.stuck)
		return;
	run_free(&session->run);
	config_free(&session->config);
	free(session);
}

int session_run(struct session *session, struct errors *errors)
{
	const struct config *config = &session->config;
	struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct kvm *kvm = &session->kvm;
	struct run *run = &session->run;
	bool usable = !kvm_open(kvm, config->vm.device, &run->err);
	int code;

	if (usable)
		kvm_limits(kvm, &limits);
	code = layout_build(config, &limits, &run->layout, errors);
	if (!code)
		code = run_scenario(config, usable ? kvm : NULL, run);
	if (usable && !run->stuck)
		kvm_close(kvm);
	return code;
}
