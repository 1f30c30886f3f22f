// SPDX-License-Identifier: GPL-2.0-only
/* The rules by version and configuration, at the versions where each begins and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/kernel.h"

static struct kernel_facts version(unsigned int major, unsigned int minor)
{
	return (struct kernel_facts){ .major = major, .minor = minor, .tdp_mmu = ANSWER_YES,
				      .tdp = ANSWER_YES, .external_tracking = ANSWER_UNKNOWN,
				      .vcalloc = ANSWER_UNKNOWN };
}

static enum eager_cause cause_of(unsigned int major, unsigned int minor, enum answer tdp,
				 enum answer tdp_mmu)
{
	struct kernel_facts facts = version(major, minor);

	facts.tdp = tdp;
	facts.tdp_mmu = tdp_mmu;
	assert_int_equal(kernel_is_eager(&facts), kernel_eager_cause(&facts) != NOT_EAGER);
	return kernel_eager_cause(&facts);
}

static void rmaps_are_eager_before_5_14_and_without_the_tdp_mmu(void **state)
{
	(void)state;
	assert_int_equal(cause_of(4, 19, ANSWER_YES, ANSWER_YES), EAGER_BY_VERSION);
	assert_int_equal(cause_of(5, 13, ANSWER_NO, ANSWER_NO), EAGER_BY_VERSION);
	assert_int_equal(cause_of(5, 14, ANSWER_YES, ANSWER_YES), NOT_EAGER);
	assert_int_equal(cause_of(6, 12, ANSWER_NO, ANSWER_NO), EAGER_WITHOUT_TDP);
	assert_int_equal(cause_of(6, 12, ANSWER_YES, ANSWER_NO), EAGER_WITHOUT_TDP_MMU);
	assert_int_equal(cause_of(6, 12, ANSWER_UNKNOWN, ANSWER_UNKNOWN), NOT_EAGER);
	/* A release that is no version. */
	assert_int_equal(cause_of(0, 0, ANSWER_YES, ANSWER_YES), EAGER_BY_VERSION);
}

static void small_mappings_may_stay_until_6_3(void **state)
{
	struct kernel_facts before = version(6, 2), since = version(6, 3);

	(void)state;
	assert_true(kernel_nx_keeps_small(&before));
	assert_false(kernel_nx_keeps_small(&since));
}

static void slots_are_walked_by_base_until_5_17(void **state)
{
	struct kernel_facts before = version(5, 16), since = version(5, 17);

	(void)state;
	assert_int_equal(kernel_slot_order(&before), ORDER_BY_BASE_DOWN);
	assert_int_equal(kernel_slot_order(&since), ORDER_BY_HASH);
}

static void external_tracking_matters_from_5_16_to_6_8(void **state)
{
	static const struct {
		unsigned int major, minor;
		bool external, with_slot;
	} rows[] = {
		{ 5, 15, false, true }, { 5, 16, true, true },
		{ 6, 8, true, true }, { 6, 9, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kernel_facts facts = version(rows[i].major, rows[i].minor);

		facts.external_tracking = ANSWER_YES;
		assert_int_equal(kernel_tracks_externally(&facts), rows[i].external);
		assert_int_equal(kernel_tracks_with_slot(&facts), rows[i].with_slot);
		facts.tdp = ANSWER_NO;
		assert_false(kernel_tracks_externally(&facts));
		assert_true(kernel_tracks_with_slot(&facts));
	}
}

static void a_kernel_that_does_not_run_is_as_debian_builds_it(void **state)
{
	static const struct {
		const char *release;
		unsigned int major, minor, patch;
		enum answer tdp_mmu, external, vcalloc;
	} rows[] = {
		{ "4.19", 4, 19, 0, ANSWER_NO, ANSWER_NO, ANSWER_NO },
		{ "5.10.209", 5, 10, 209, ANSWER_NO, ANSWER_NO, ANSWER_NO },
		{ "5.10.210", 5, 10, 210, ANSWER_NO, ANSWER_NO, ANSWER_YES },
		{ "5.15.148", 5, 15, 148, ANSWER_NO, ANSWER_NO, ANSWER_NO },
		{ "5.16.19", 5, 16, 19, ANSWER_YES, ANSWER_NO, ANSWER_YES },
		{ "5.17.1", 5, 17, 1, ANSWER_YES, ANSWER_NO, ANSWER_NO },
		{ "6.1-amd64", 6, 1, 0, ANSWER_YES, ANSWER_YES, ANSWER_YES },
		{ "6.1-cloud-amd64", 6, 1, 0, ANSWER_YES, ANSWER_NO, ANSWER_YES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kernel_facts facts = { .major = rows[i].major, .minor = rows[i].minor };

		assert_true(kernel_assumed(rows[i].release, &facts));
		if (facts.tdp != ANSWER_YES || facts.tdp_mmu != rows[i].tdp_mmu ||
		    facts.external_tracking != rows[i].external ||
		    facts.vcalloc != rows[i].vcalloc)
			fail_msg("%s", rows[i].release);
	}
}

/* A host that answers as it is told, and counts what it was asked. */
struct witness {
	enum answer symbol, config, slot;
	unsigned int symbols, configs, slots;
};

static enum answer has_symbol(void *context, const char *symbol)
{
	struct witness *witness = context;

	assert_string_equal(symbol, "__vcalloc");
	witness->symbols++;
	return witness->symbol;
}

static enum answer has_config(void *context, const char *option)
{
	struct witness *witness = context;

	assert_string_equal(option, "CONFIG_KVM_EXTERNAL_WRITE_TRACKING");
	witness->configs++;
	return witness->config;
}

static enum answer slot_has_tracking(void *context)
{
	struct witness *witness = context;

	witness->slots++;
	return witness->slot;
}

static struct kernel_facts running(const char *release, enum answer tdp, enum answer tdp_mmu,
				   struct witness *witness)
{
	const struct kernel_evidence evidence = {
		witness, has_symbol, has_config, slot_has_tracking,
	};
	struct host host = { .tdp = tdp, .tdp_mmu = tdp_mmu };
	struct kernel_facts facts;

	snprintf(host.kernel, sizeof(host.kernel), "%s", release);
	witness->symbols = witness->configs = witness->slots = 0;
	kernel_running(&host, &evidence, &facts);
	return facts;
}

static void the_running_kernel_is_asked_only_what_matters(void **state)
{
	struct witness witness = { .symbol = ANSWER_YES, .config = ANSWER_UNKNOWN,
				   .slot = ANSWER_YES };
	struct kernel_facts facts;

	(void)state;
	facts = running("5.10.0-46-amd64", ANSWER_YES, ANSWER_NO, &witness);
	assert_int_equal(facts.vcalloc, ANSWER_YES);
	assert_int_equal(witness.symbols, 1);
	assert_int_equal(witness.configs + witness.slots, 0);
	/* 5.16 and 5.17: the evidence of a small slot would not be seen. */
	running("5.16.0", ANSWER_YES, ANSWER_YES, &witness);
	assert_int_equal(witness.symbols, 1);
	assert_int_equal(witness.configs, 1);
	assert_int_equal(witness.slots, 0);
	facts = running("6.1.0-50-amd64", ANSWER_YES, ANSWER_YES, &witness);
	assert_int_equal(facts.external_tracking, ANSWER_YES);
	assert_int_equal(witness.symbols, 0);
	assert_int_equal(witness.slots, 1);
	witness.config = ANSWER_NO;
	facts = running("6.1.0-50-amd64", ANSWER_YES, ANSWER_YES, &witness);
	assert_int_equal(facts.external_tracking, ANSWER_NO);
	assert_int_equal(witness.slots, 0);
	facts = running("6.12.0", ANSWER_YES, ANSWER_YES, &witness);
	assert_int_equal(facts.external_tracking, ANSWER_UNKNOWN);
	assert_int_equal(witness.symbols + witness.configs + witness.slots, 0);
}

static void without_evidence_the_flavour_decides(void **state)
{
	struct witness none = { .symbol = ANSWER_UNKNOWN, .config = ANSWER_UNKNOWN,
				.slot = ANSWER_UNKNOWN };

	(void)state;
	assert_int_equal(running("6.1.0-50-amd64", ANSWER_YES, ANSWER_YES, &none).external_tracking,
			 ANSWER_YES);
	assert_int_equal(running("6.1.0-50-cloud-amd64", ANSWER_YES, ANSWER_YES, &none)
				 .external_tracking, ANSWER_NO);
	/* An unknown vendor: what takes the most at the transition is assumed. */
	assert_int_equal(running("6.1.0-custom", ANSWER_YES, ANSWER_YES, &none).external_tracking,
			 ANSWER_NO);
	assert_int_equal(running("6.1.0-custom", ANSWER_YES, ANSWER_YES, &none).assumed,
			 ASSUMED_TRACKING | ASSUMED_VENDOR);
}

/* stat has nothing but the release and the parameters. */
static void stat_knows_rhel_by_its_release(void **state)
{
	struct host host = { .kernel = "4.18.0-553.el8_10.x86_64", .tdp_mmu = ANSWER_YES,
			     .tdp = ANSWER_YES };
	struct kernel_facts facts;

	(void)state;
	kernel_of_host(&host, &facts);
	assert_false(kernel_is_eager(&facts));
	assert_string_equal(facts.vendor, "RHEL 8");
	host.tdp_mmu = ANSWER_NO;
	kernel_of_host(&host, &facts);
	assert_true(kernel_is_eager(&facts));
	/* What no vendor would write still has a version. */
	host = (struct host){ .kernel = "6.12rc7", .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES };
	kernel_of_host(&host, &facts);
	assert_int_equal(facts.major, 6);
	assert_int_equal(facts.minor, 12);
	assert_null(facts.vendor);
}

/* Evidence, the vendor's release, the version: in this order. */
static void the_vendors_release_decides_what_evidence_leaves_open(void **state)
{
	struct witness none = { .symbol = ANSWER_UNKNOWN, .config = ANSWER_UNKNOWN,
				.slot = ANSWER_UNKNOWN };
	struct witness configured = { .symbol = ANSWER_UNKNOWN, .config = ANSWER_YES,
				      .slot = ANSWER_UNKNOWN };
	struct kernel_facts facts;

	(void)state;
	facts = running("5.14.0-570.12.1.el9_6.x86_64", ANSWER_YES, ANSWER_YES, &none);
	assert_false(kernel_is_eager(&facts));
	assert_false(kernel_tracks_with_slot(&facts));
	assert_true(kernel_has_whole_pages(&facts));
	assert_int_equal(facts.assumed, 0);
	/* A kernel that was built with KVMGT all the same. */
	facts = running("5.14.0-570.12.1.el9_6.x86_64", ANSWER_YES, ANSWER_YES, &configured);
	assert_true(kernel_tracks_with_slot(&facts));
	/* kvm.tdp_mmu, which RHEL 8.7 has, decides there. */
	facts = running("4.18.0-553.el8_10.x86_64", ANSWER_YES, ANSWER_NO, &none);
	assert_int_equal(kernel_eager_cause(&facts), EAGER_WITHOUT_TDP_MMU);
	facts = running("4.18.0-553.el8_10.x86_64", ANSWER_YES, ANSWER_YES, &none);
	assert_false(kernel_is_eager(&facts));
	/* kvm is not loaded: the default of the release, and an assumption. */
	facts = running("5.15.167.4-microsoft-standard-WSL2", ANSWER_UNKNOWN, ANSWER_UNKNOWN, &none);
	assert_int_equal(facts.tdp_mmu, ANSWER_NO);
	assert_int_equal(facts.assumed, ASSUMED_TDP_MMU);
	/* Without kallsyms the patch level tells whether KVM has __vcalloc(). */
	assert_int_equal(running("5.10.0-46-amd64", ANSWER_YES, ANSWER_NO, &none).vcalloc, ANSWER_YES);
	assert_int_equal(running("5.10.0-28-amd64", ANSWER_YES, ANSWER_NO, &none).vcalloc, ANSWER_NO);
	assert_int_equal(running("5.10.209", ANSWER_YES, ANSWER_NO, &none).vcalloc, ANSWER_NO);
}

static void a_vendor_module_without_npt_or_ept_has_no_such_paging(void **state)
{
	struct witness witness = { .symbol = ANSWER_UNKNOWN, .config = ANSWER_NO,
				   .slot = ANSWER_UNKNOWN };

	(void)state;
	assert_int_equal(running("6.12.0", ANSWER_UNKNOWN, ANSWER_NO, &witness).tdp, ANSWER_NO);
	witness.slot = ANSWER_YES;
	assert_int_equal(running("6.12.0", ANSWER_UNKNOWN, ANSWER_NO, &witness).tdp, ANSWER_NO);
	witness.slot = ANSWER_NO;
	assert_int_equal(running("6.12.0", ANSWER_UNKNOWN, ANSWER_NO, &witness).tdp, ANSWER_UNKNOWN);
	/* With the TDP MMU on, there is such paging. */
	witness.slot = ANSWER_YES;
	assert_int_equal(running("6.12.0", ANSWER_UNKNOWN, ANSWER_YES, &witness).tdp, ANSWER_UNKNOWN);
	assert_int_equal(witness.slots, 0);
}

static void a_miss_proves_rmaps_and_none_disproves_them_where_they_are_lazy(void **state)
{
	const struct figure unknown = { 0 }, none = { .known = true }, some = { true, 1 };

	(void)state;
	assert_int_equal(kernel_state_by_misses(&unknown, false), RMAP_UNKNOWN);
	assert_int_equal(kernel_state_by_misses(&none, false), RMAP_LAZY);
	assert_int_equal(kernel_state_by_misses(&none, true), RMAP_UNKNOWN);
	assert_int_equal(kernel_state_by_misses(&some, false), RMAP_ALLOCATED);
	assert_int_equal(kernel_state_by_misses(&some, true), RMAP_ALLOCATED);
}

static void slub_keeps_31_slabs_per_cpu(void **state)
{
	(void)state;
	assert_int_equal(kernel_slab_slack(1, 128), 31 * 257);
	assert_int_equal(kernel_slab_slack(4, 32768), 4 * 31 * 2);
	assert_int_equal(kernel_slab_slack(2, 0), 2 * 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rmaps_are_eager_before_5_14_and_without_the_tdp_mmu),
		cmocka_unit_test(small_mappings_may_stay_until_6_3),
		cmocka_unit_test(slots_are_walked_by_base_until_5_17),
		cmocka_unit_test(external_tracking_matters_from_5_16_to_6_8),
		cmocka_unit_test(a_kernel_that_does_not_run_is_as_debian_builds_it),
		cmocka_unit_test(the_running_kernel_is_asked_only_what_matters),
		cmocka_unit_test(without_evidence_the_flavour_decides),
		cmocka_unit_test(stat_knows_rhel_by_its_release),
		cmocka_unit_test(the_vendors_release_decides_what_evidence_leaves_open),
		cmocka_unit_test(a_vendor_module_without_npt_or_ept_has_no_such_paging),
		cmocka_unit_test(a_miss_proves_rmaps_and_none_disproves_them_where_they_are_lazy),
		cmocka_unit_test(slub_keeps_31_slabs_per_cpu),
	};

	return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
