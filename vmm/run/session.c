// SPDX-License-Identifier: GPL-2.0-only
#include "run/session.h"

#include <stdlib.h>

#include "config/layout.h"
#include "host/cgroup_limits.h"
#include "run/run.h"

struct session *session_new(void)
{
	struct session *session = calloc(1, sizeof(*session));

	if (session)
		session->kvm.fd = -1;
	return session;
}

void session_free(struct session *session)
{
	if (!session || session->run.stuck)
		return;
	run_free(&session->run);
	kvm_close(&session->kvm);
	config_free(&session->config);
	free(session);
}

int session_open(struct session *session, struct errors *errors)
{
	struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct run *run = &session->run;

	if (!run->room.known)
		cgroup_memory_room("", &run->room);
	if (!kvm_open(&session->kvm, session->config.vm.device, &run->err))
		kvm_limits(&session->kvm, &limits);
	return layout_build(&session->config, &limits, &run->layout, errors);
}

int session_run(struct session *session)
{
	const struct kvm *kvm = session->kvm.fd >= 0 ? &session->kvm : NULL;

	return run_scenario(&session->config, kvm, &session->run);
}
