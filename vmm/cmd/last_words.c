// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/last_words.h"

#include <inttypes.h>
#include <stdio.h>

#include "check/verdict.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include "run/run.h"
#include "vm/signals.h"
#include "vm/vcpu_set.h"

/* A child ends by itself, at the latest when its own guard ends it. */
#define CHILD_NS (SIGNALS_LONGEST_NS + 300000000ull)

static void dump_workers(const struct stress_result *stress, FILE *out)
{
	struct stress_count counts[STRESS_COUNTS];
	size_t count = stress_sample(stress, counts, STRESS_COUNTS);

	for (size_t i = 0; i < count; i++)
		fprintf(out, "minivmm: worker %s: %" PRIu64 " rounds, %" PRIu64 " failures\n", counts[i].name,
			counts[i].rounds, counts[i].failures);
}

/* What the run's own threads change meanwhile is read as they show it to the progress line. */
static void dump(void *what, FILE *out)
{
	const struct last_words *words = what;
	const struct run *run = &words->session->run;
	const char *phase = __atomic_load_n(&run->doing, __ATOMIC_ACQUIRE);
	struct vcpu_set *vcpus = __atomic_load_n(&run->vcpus, __ATOMIC_ACQUIRE);
	const struct stress_result *stress = __atomic_load_n(&run->stressing, __ATOMIC_ACQUIRE);

	fprintf(out, "minivmm: SIGQUIT: phase %s\n", phase ? phase : "none yet");
	if (vcpus)
		vcpu_set_dump(vcpus, out);
	if (stress)
		dump_workers(stress, out);
}

/* Called by a thread of its own: the run's may hang in the kernel, or hold any lock. */
static void deliver(void *what, int number)
{
	const struct last_words *words = what;
	struct verdict verdict;
	struct run run;

	run_interrupted(&words->session->run, number, &run);
	run.config = &words->session->config;
	verdict_judge(&run, &verdict);
	if (words->smoke)
		verdict_add_nested_off(&run, NULL, &verdict);
	verdict_require(&run, words->options->require, &verdict);
	if (words->take)
		words->take(words->taker, report_build(&run, &verdict));
	else
		cmd_deliver(report_build(&run, &verdict), DOCUMENT_RUN, words->options);
	cmd_print_err(&run.err);
}

void last_words_begin(struct last_words *words)
{
	const struct signals_end end = {
		.dump = words->waits ? NULL : dump, .report = deliver, .what = words,
		.patience_ns = words->waits ? CHILD_NS : 0,
	};

	signals_watch(words->session->run.signals, &end);
}

void last_words_end(const struct last_words *words)
{
	const struct signals_end none = { 0 };

	/* The run has heeded the signal, and what it has seen is judged now: the guard is not to end it without a report. */
	if (words->session->run.signal)
		signals_claim(words->session->run.signals);
	signals_watch(words->session->run.signals, &none);
}
