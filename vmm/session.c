// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include "kvm.h"
#include "layout.h"

int session_run(const struct config *config, struct run *run, struct errors *errors)
{
	struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct kvm kvm;
	bool usable = !kvm_open(&kvm, config->vm.device, &run->err);
	int code;

	if (usable)
		kvm_limits(&kvm, &limits);
	code = layout_build(config, &limits, &run->layout, errors);
	if (!code)
		code = run_scenario(config, usable ? &kvm : NULL, run);
	if (usable)
		kvm_close(&kvm);
	return code;
}
