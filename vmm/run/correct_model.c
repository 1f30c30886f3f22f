// SPDX-License-Identifier: GPL-2.0-only
#include "run/correct_model.h"

#include <stdio.h>
#include <string.h>

#include "run/measure.h"

/* How much of which array the memslots brought: by function, the model has a say in that. */
static bool measure_by(const struct run *run, const struct model *model, struct footprint *held)
{
	const struct phase_result *phase = &run->phases[0];
	struct tally delta = { 0 };
	int code;

	*held = phase->held;
	if (!phase->measured || phase->held_source == SOURCE_MEMSLOTS)
		return phase->measured;
	code = tally_diff(&phase->snapshot.vmalloc, &run->before.vmalloc, &delta);
	if (!code)
		code = model_measure(model, &run->layout, &delta, held);
	tally_free(&delta);
	return !code;
}

static bool explains(const struct run *run, const struct model *model)
{
	struct footprint creation, transition, held;

	model_layout(model, &run->layout, &creation, &transition);
	return measure_by(run, model, &held) && !memcmp(&held, &creation, sizeof(held));
}

static struct model other_model(const struct run *run, bool tracking_lazy)
{
	struct model model = run->model;
	size_t length = strlen(model.why);

	model.rmap_lazy = !model.rmap_lazy;
	model.tracking_lazy = tracking_lazy;
	/* kernel_root_slab(): an eager kernel has that with the VM. */
	model.transition_slab = 0;
	snprintf(model.why + length, sizeof(model.why) - length, "; but rmaps %s with the memslots",
		 model.rmap_lazy ? "did not come" : "came");
	return model;
}

/* The other model that explains what the memslots brought. False: none does, or there is no need. */
static bool find_other(const struct run *run, struct model *other)
{
	if (explains(run, &run->model))
		return false;
	*other = other_model(run, run->model.tracking_lazy);
	if (explains(run, other))
		return true;
	*other = other_model(run, !run->model.tracking_lazy);
	return explains(run, other);
}

/* A source shows that the rmaps are there, if not their bytes. Areas may be those of other VMs. */
static bool is_seen_eager(const struct run *run)
{
	return run->model.rmap_lazy && run->phases[0].state == RMAP_ALLOCATED &&
	       run->phases[0].state_source != SOURCE_VMALLOCINFO;
}

static bool is_other(const struct run *run, struct model *other)
{
	if (find_other(run, other))
		return true;
	if (!is_seen_eager(run))
		return false;
	*other = other_model(run, run->model.tracking_lazy);
	return true;
}

void correct_model(struct run *run)
{
	struct model other;

	if (!run->model.unsure || !is_other(run, &other))
		return;
	run->model = other;
	measure_predict(run);
	measure_phase(run, &run->phases[0]);
}
