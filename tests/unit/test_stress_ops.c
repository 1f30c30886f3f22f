// SPDX-License-Identifier: GPL-2.0-only
/* Ops of workers: what KVM may refuse is noticed, and a round leaves the slot as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "worker_scenes.h"

__typeof__(vm_slot_set) __wrap_vm_slot_set;
__typeof__(vm_slot_delete) __wrap_vm_slot_delete;
__typeof__(rmaps_stat_own) __wrap_rmaps_stat_own;
__typeof__(calloc) __real_calloc, __wrap_calloc;

#define BASE 0x100000000ull
#define SPARE 0x200000000ull

/* What KVM has: the slot, and another one that an op may add; and which of its calls it refuses. */
static struct slots_now {
	bool there, another;
	uint64_t base;
	uint32_t flags;
	unsigned int calls, refused;	/* refused: number of the call, from 1 on; 0: none */
} now;

int __wrap_vm_slot_set(const struct vm *vm, const struct slot *slot, uint64_t base, uint32_t flags)
{
	(void)vm;
	if (++now.calls == now.refused)
		return -EINVAL;
	if (slot->id) {
		assert_int_equal(base, SPARE);
		now.another = true;
		return 0;
	}
	now.there = true;
	now.base = base;
	now.flags = flags;
	return 0;
}

int __wrap_vm_slot_delete(const struct vm *vm, const struct slot *slot)
{
	(void)vm;
	if (++now.calls == now.refused)
		return -EINVAL;
	assert_true(slot->id ? now.another : now.there);
	*(slot->id ? &now.another : &now.there) = false;
	return 0;
}

static int rmaps_stat_code;
static bool no_memory;

int __wrap_rmaps_stat_own(const char *root, pid_t creator, int fd, struct rmaps_stat *stat, char why[SOURCE_WHY])
{
	(void)root;
	(void)creator;
	(void)fd;
	*stat = (struct rmaps_stat){ 0 };
	snprintf(why, SOURCE_WHY, "because");
	return rmaps_stat_code;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

/* What a worker has noted of its round. */
struct noted {
	uint64_t failures;
	bool unavailable;
	unsigned int steps;	/* kinds of steps that took time */
};

/* One round, of which KVM refuses a call. */
static int one_round(worker_round *round, unsigned int refused, struct noted *noted)
{
	struct worker_scene scene;
	int code;

	set_worker_scene(&scene);
	scene.kvm.max_slots = 100;
	scene.kvm.readonly_slots = true;
	scene.worker.spare_gpa = SPARE;
	scene.worker.spare_id = 1;
	now = (struct slots_now){ .there = true, .base = scene.slot.base, .refused = refused };
	code = round(&scene.worker);
	/* Whatever happened, the next worker can have the slot. */
	assert_int_equal(scene.turns.now, scene.turns.given);
	assert_int_equal(pthread_mutex_trylock(&scene.turns.lock), 0);
	*noted = (struct noted){ .failures = scene.result.failures, .unavailable = scene.result.unavailable[0] };
	noted->steps = free_worker_scene(&scene);
	return code;
}

static const struct {
	const char *name;
	worker_round *round;
	unsigned int calls;
} ops[] = {
	{ "dirty-log-toggle", round_dirty_log_toggle, 2 }, { "slot-add", round_slot_add, 2 },
	{ "slot-delete", round_slot_delete, 2 }, { "slot-move", round_slot_move, 2 }, { "slot-flags", round_slot_flags, 4 },
};

static void a_round_leaves_the_slot_as_it_was(void **state)
{
	struct noted noted;

	(void)state;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (one_round(ops[i].round, 0, &noted) || noted.failures || !noted.steps || now.calls != ops[i].calls || !now.there ||
		    now.another || now.base != BASE || now.flags)
			fail_msg("%s: %u calls", ops[i].name, now.calls);
	}
}

static void what_kvm_refuses_is_a_failure(void **state)
{
	struct noted noted;

	(void)state;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		for (unsigned int refused = 1; refused <= ops[i].calls; refused++)
			if (one_round(ops[i].round, refused, &noted) != -EINVAL || noted.failures != 1 || now.calls != refused)
				fail_msg("%s, call %u: %u calls, %u failures", ops[i].name, refused, now.calls,
					 (unsigned int)noted.failures);
}

/* Dirty logging is not turned on where there is no memory for the log. */
static void without_memory_no_log_is_gotten(void **state)
{
	static worker_round *const rounds[] = { round_dirty_log_get, round_dirty_log_clear, round_dirty_log_cycle };
	struct noted noted;

	(void)state;
	for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
		no_memory = true;
		assert_int_equal(one_round(rounds[i], 0, &noted), -ENOMEM);
		no_memory = false;
		assert_int_equal(noted.failures, 1);
		assert_int_equal(now.calls, 0);
	}
}

/* A file that can't be read is no failure of KVM's, one that makes no sense is. */
static void debugfs_is_read_if_it_is_there(void **state)
{
	struct noted noted;

	(void)state;
	rmaps_stat_code = 0;
	assert_int_equal(one_round(round_debugfs_read, 0, &noted), 0);
	assert_int_equal(noted.steps, 1);
	assert_false(noted.failures || noted.unavailable);
	rmaps_stat_code = -EINVAL;
	assert_int_equal(one_round(round_debugfs_read, 0, &noted), -EPROTO);
	assert_int_equal(noted.failures, 1);
	rmaps_stat_code = -EACCES;
	assert_int_equal(one_round(round_debugfs_read, 0, &noted), -ENOTSUP);
	assert_true(noted.unavailable && !noted.failures && !noted.steps);
}

#define ASKERS 3u
/* Threads that ask for a slot while one has it. */
struct asker {
	struct worker worker;
	pthread_t thread;
	unsigned int *had, place;	/* how many have had it; and this one's place among them */
};

static void *ask(void *argument)
{
	struct asker *asker = argument;
	const struct slot *slot = worker_lock_slot(&asker->worker);

	asker->place = ++*asker->had;
	worker_unlock_slot(&asker->worker, slot);
	return NULL;
}

/* Also one that asks again at once waits for those before it. */
static void a_slot_is_had_in_turn(void **state)
{
	struct worker_scene scene;
	struct worker first;
	struct asker askers[ASKERS];
	unsigned int had = 0;

	(void)state;
	set_worker_scene(&scene);
	first = scene.worker;
	worker_lock_slot(&first);
	for (unsigned int i = 0; i < ASKERS; i++) {
		askers[i] = (struct asker){ .worker = first, .had = &had };
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
		while (__atomic_load_n(&scene.turns.given, __ATOMIC_ACQUIRE) < i + 2)
			sched_yield();
	}
	worker_unlock_slot(&first, &scene.slot);
	worker_lock_slot(&first);
	assert_int_equal(had, ASKERS);
	worker_unlock_slot(&first, &scene.slot);
	for (unsigned int i = 0; i < ASKERS; i++) {
		assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
		assert_int_equal(askers[i].place, i + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_leaves_the_slot_as_it_was), cmocka_unit_test(what_kvm_refuses_is_a_failure),
		cmocka_unit_test(a_slot_is_had_in_turn),
		cmocka_unit_test(without_memory_no_log_is_gotten), cmocka_unit_test(debugfs_is_read_if_it_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
