// SPDX-License-Identifier: GPL-2.0-only
/* A guest of the user's goes on until something that the phase waits for: do = run, and parts of others. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/live_run.h"
#include "vm/guest_pc.h"
#include "vm/vcpu_state.h"

static bool ends_by_time(const struct phase_cfg *cfg)
{
	return cfg->until == UNTIL_TIME || cfg->what == DO_DIRTY_LOG;
}

/* What ended the phase, by what the guest's devices say; NULL: nothing that a phase can wait for. */
static const char *ended_by(const struct phase_cfg *cfg, enum pc_event event)
{
	switch (event) {
	case PC_NOTHING:
		return ends_by_time(cfg) ? "time" : cfg->until == UNTIL_AUTO ? "workers" : NULL;
	case PC_MARK:
		return "mark";
	case PC_TEXT:
		return "console";
	case PC_COMMAND:
		return "command";
	case PC_OFF:
	case PC_RESET:
	case PC_EXIT:
		return "exit";
	default:
		return NULL;
	}
}

static int trouble(struct live_run *live, const struct phase_result *phase, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The guest did not do what the phase is for. */
static int trouble(struct live_run *live, const struct phase_result *phase, const char *format, ...)
{
	struct guest_outcome *guest = &live->run->guest;
	int length = snprintf(guest->text, sizeof(guest->text), "phase %s: ", phase->name);
	va_list args;

	guest->trouble = GUEST_REPORTED;
	va_start(args, format);
	vsnprintf(guest->text + length, sizeof(guest->text) - (size_t)length, format, args);
	va_end(args);
	return -EPROTO;
}

static const char *waits_for(const struct phase_cfg *cfg, char text[320])
{
	switch (cfg->until) {
	case UNTIL_MARK:
		snprintf(text, 320, "its mark %" PRIu64, cfg->until_value);
		break;
	case UNTIL_CONSOLE:
		snprintf(text, 320, "\"%s\" on its console", cfg->until_text);
		break;
	case UNTIL_COMMAND:
		return "the end of its command";
	case UNTIL_TIME:
		return "the end of its time";
	case UNTIL_AUTO:
		return cfg->what == DO_DIRTY_LOG ? "the end of its time" : "the end of its workers";
	default:
		return "its exit";
	}
	return text;
}

/* What the guest did that ended it. */
static const char *exit_text(const struct pc *pc, char text[64])
{
	switch (pc_event(pc)) {
	case PC_OFF:
		return "powered off";
	case PC_RESET:
		return "asked for a reset";
	default:
		snprintf(text, 64, "exited with status %u%s", pc->value, test_status_text(pc->value));
		return text;
	}
}

/* It ended in one of the ways in which no phase may end. */
static int judge_bad_end(struct live_run *live, const struct phase_result *phase, const struct pc *pc)
{
	char wanted[320], how[64];

	switch (pc_event(pc)) {
	case PC_PANIC:
		return trouble(live, phase, "the guest's kernel panicked (guest.console has what it printed)");
	case PC_FLOOD:
		return trouble(live, phase, "the guest printed more than the %llu MiB that a console takes",
			       CONSOLE_BYTES_MAX >> 20);
	case PC_CONSOLE_FAILED:
		return trouble(live, phase, "guest.console can't be written: %s", strerror((int)pc->value));
	default:
		return trouble(live, phase, "the guest %s while the phase waited for %s",
			       exit_text(pc, how), waits_for(phase->cfg, wanted));
	}
}

/* The kernel did nothing wrong, and nothing of what it is for. */
static int skipped(struct live_run *live, const struct phase_result *phase)
{
	int code = trouble(live, phase, "the guest's kernel skipped its tests (exit status %d)", TEST_SKIPPED);

	live->run->guest.trouble = GUEST_SKIPPED;
	return code;
}

static int judge_status(struct live_run *live, struct phase_result *phase, const struct pc *pc)
{
	int64_t expected = phase->cfg->status;
	char how[64];

	phase->step.has_status = true;
	phase->step.status = pc->value;
	if (expected < 0 || phase->step.status == expected)
		return 0;
	if (phase->cfg->until == UNTIL_COMMAND)
		return trouble(live, phase, "its command ended with exit status %u, expected was %" PRId64
			       "%s%.300s", phase->step.status, expected,
			       phase->step.output[0] ? "; it printed: " : "", phase->step.output);
	if (pc_event(pc) == PC_EXIT && pc->value == TEST_SKIPPED && expected == TEST_PASSED)
		return skipped(live, phase);
	if (pc_event(pc) == PC_EXIT)
		return trouble(live, phase, "the guest %s, expected was %" PRId64, exit_text(pc, how), expected);
	return trouble(live, phase, "the guest %s, which is exit status %u, expected was %" PRId64,
		       exit_text(pc, how), phase->step.status, expected);
}

/* All vCPUs are paused: nothing changes meanwhile. result: 0 or -ETIMEDOUT. */
static int judge(struct live_run *live, struct phase_result *phase, int result)
{
	const struct pc *pc = pc_of(&live->payload);
	enum pc_event event = pc_event(pc);
	bool exited = pc_has_exited(pc);

	tail_copy(&pc->agent.output, phase->step.output, sizeof(phase->step.output));
	if (event == PC_NOTHING)
		return ends_by_time(phase->cfg) ? 0 : result;
	if (!ended_by(phase->cfg, event) || (exited && phase->cfg->until != UNTIL_EXIT))
		return judge_bad_end(live, phase, pc);
	return exited || event == PC_COMMAND ? judge_status(live, phase, pc) : 0;
}

static int timed_out(struct live_run *live, const struct phase_result *phase)
{
	char wanted[320];

	struct guest_outcome *guest = &live->run->guest;

	trouble(live, phase, "the time was up before %s came", waits_for(phase->cfg, wanted));
	guest->trouble = GUEST_TIMEOUT;
	vcpu_dump(&live->set.threads[0]->vcpu, guest->registers, sizeof(guest->registers));
	return -ETIMEDOUT;
}

uint64_t phase_guest_time(const struct phase_cfg *cfg, uint64_t timeout_ns)
{
	if (cfg->what == DO_DIRTY_LOG)
		return cfg->duration;
	if (cfg->until == UNTIL_TIME)
		return cfg->until_value;
	return timeout_ns + (cfg->until == UNTIL_AUTO ? cfg->duration : 0);
}

void phase_guest_begin(struct live_run *live, uint32_t index)
{
	pc_begin_phase(pc_of(&live->payload), index);
	pc_guest_was_paused(&live->set);
}

int phase_guest_end(struct live_run *live, struct phase_result *phase, int result)
{
	if (result && result != -ETIMEDOUT)
		return result;
	result = judge(live, phase, result);
	if (!result)
		phase->step.ended_by = ended_by(phase->cfg, pc_event(pc_of(&live->payload)));
	return result == -ETIMEDOUT ? timed_out(live, phase) : result;
}

int phase_guest(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	uint64_t ns = phase_guest_time(phase->cfg, phase_timeout(live, phase->cfg));

	phase_guest_begin(live, index);
	return phase_guest_end(live, phase, vcpu_set_run_first(&live->set, clock_ns() + ns, false));
}
