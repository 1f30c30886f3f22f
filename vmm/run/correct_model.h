/* SPDX-License-Identifier: GPL-2.0-only */
/* What a host shows outweighs what was assumed of it. Pure. */
#ifndef CORRECT_MODEL_H
#define CORRECT_MODEL_H

#include "run/result.h"

/*
 * After the phase "create" was measured, and only if the model is unsure, as a host of which all is
 * known has a bug where it does otherwise: if what the memslots brought is not what run->model
 * predicts, but is what it predicts with the rmaps lazy instead of eager, or the other way round,
 * that becomes the run's model, the run is predicted again by it, and the phase is measured again.
 */
void correct_model(struct run *run);

#endif
