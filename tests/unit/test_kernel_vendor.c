// SPDX-License-Identifier: GPL-2.0-only
/* What release strings say of a kernel's KVM, at the builds and patch levels where it changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/kernel_vendor.h"
#include "model/model.h"

/* Rmaps and tracking come with the first shadow root (lazy), or with the slot. */
static const struct {
	const char *release, *vendor;
	bool rmap_lazy, tracking_lazy, whole_pages;
	enum answer refuses;		/* arrays of more than INT_MAX bytes */
	unsigned int assumed;
} rows[] = {
#define TDP ASSUMED_TDP_MMU
#define ON (ASSUMED_TDP_MMU | ASSUMED_TDP_MMU_ON)
	/* Debian, and what "the version alone" means. */
	{ "6.12", "Debian", true, true, true, ANSWER_NO, TDP },
	{ "6.1", "Debian", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "6.1.0-50-amd64", "Debian", true, false, true, ANSWER_NO, TDP },
	{ "6.1.0-50-cloud-amd64", "Debian", true, true, true, ANSWER_NO, TDP },
	{ "6.1.0-50-rt-amd64", "Debian", true, false, true, ANSWER_NO, TDP },
	{ "6.12.117+deb13-amd64", "Debian", true, true, true, ANSWER_NO, TDP },
	{ "5.10.0-46-amd64", "Debian", false, false, true, ANSWER_NO, 0 },
	{ "5.10.0-29-cloud-amd64", "Debian", false, false, true, ANSWER_NO, 0 },
	{ "5.10.0-28-amd64", "Debian", false, false, false, ANSWER_YES, 0 },
	{ "5.10.0-0.deb10.29-amd64", "Debian", false, false, true, ANSWER_NO, 0 },
	{ "5.10.0-0.deb10.28-cloud-amd64", "Debian", false, false, false, ANSWER_YES, 0 },
	{ "5.10.0-0.bpo.15-amd64", "Debian", false, false, false, ANSWER_YES, 0 },
	{ "5.16.0-0.bpo.4-amd64", "Debian", true, false, true, ANSWER_UNKNOWN, TDP | ASSUMED_VCALLOC },
	{ "6.5.0-0.deb12.4-amd64", "Debian", true, false, true, ANSWER_NO, TDP },
	{ "6.12.9+bpo-cloud-amd64", "Debian", true, true, true, ANSWER_NO, TDP },
	{ "6.13~rc6-amd64", "Debian", true, true, true, ANSWER_NO, TDP },
	{ "7.3.2+deb14-cloud-amd64", "Debian", true, true, true, ANSWER_NO, TDP },
	/* Stable series that changed in the middle. */
	{ "5.10.70", "Debian", false, false, false, ANSWER_NO, 0 },
	{ "5.10.71", "Debian", false, false, false, ANSWER_YES, 0 },
	{ "5.10.209", "Debian", false, false, false, ANSWER_YES, 0 },
	{ "5.10.210", "Debian", false, false, true, ANSWER_NO, 0 },
	{ "5.14.21", "Debian", false, false, false, ANSWER_NO, TDP },
	{ "5.15.0", "Debian", true, false, false, ANSWER_YES, TDP },
	{ "5.15.128", "Debian", true, false, false, ANSWER_YES, TDP },
	{ "5.15.129", "Debian", false, false, false, ANSWER_YES, TDP },
	{ "5.15.148", "Debian", false, false, false, ANSWER_YES, TDP },
	{ "5.15.149", "Debian", false, false, true, ANSWER_NO, TDP },
	{ "5.15", "Debian", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	{ "5.16.18", "Debian", true, true, false, ANSWER_YES, TDP | ASSUMED_TRACKING },
	{ "5.16.19", "Debian", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "5.17.1", "Debian", true, true, false, ANSWER_YES, TDP | ASSUMED_TRACKING },
	{ "5.17.2", "Debian", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "5.15.167.4", "Debian", false, false, true, ANSWER_NO, TDP },
	{ "6.13-rc1", "mainline", true, true, true, ANSWER_NO, TDP },
	{ "6.13.0-rc1+", "mainline", true, true, true, ANSWER_NO, TDP },
	{ "5.15.0-rc1", "mainline", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	/* RHEL and its rebuilds. */
	{ "5.14.0-29.el9.x86_64", "RHEL 9", false, false, false, ANSWER_NO, TDP },
	{ "5.14.0-30.el9.x86_64", "RHEL 9", true, false, false, ANSWER_YES, TDP },
	{ "5.14.0-70.13.1.el9_0.x86_64", "RHEL 9", true, false, false, ANSWER_YES, TDP },
	{ "5.14.0-77.el9.x86_64", "RHEL 9", true, false, true, ANSWER_NO, TDP },
	{ "5.14.0-162.6.1.el9_1.x86_64", "RHEL 9", true, false, true, ANSWER_NO, TDP },
	{ "5.14.0-284.11.1.el9_2.x86_64", "RHEL 9", true, false, true, ANSWER_NO, TDP },
	{ "5.14.0-300.el9.x86_64", "RHEL 9", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "5.14.0-362.8.1.el9_3.x86_64", "RHEL 9", true, true, true, ANSWER_NO, TDP },
	{ "5.14.0-570.12.1.el9_6.0.1.x86_64", "RHEL 9", true, true, true, ANSWER_NO, TDP },
	{ "4.18.0-372.9.1.el8.x86_64", "RHEL 8", false, false, false, ANSWER_NO, 0 },
	{ "4.18.0-425.3.1.el8.x86_64", "RHEL 8", true, false, true, ANSWER_UNKNOWN,
	  ON | ASSUMED_VCALLOC },
	{ "4.18.0-448.el8.x86_64", "RHEL 8", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	{ "4.18.0-553.rt7.342.el8_10.x86_64", "RHEL 8", true, false, true, ANSWER_UNKNOWN,
	  ON | ASSUMED_VCALLOC },
	{ "5.14.0-611.5.1.el9_7.x86_64+rt", "RHEL 9", true, true, true, ANSWER_NO, TDP },
	{ "5.14.0-427.13.1.el9_4.x86_64+debug", "RHEL 9", true, true, true, ANSWER_NO, TDP },
	{ "6.12.0-35.el10.x86_64", "RHEL 10", true, true, true, ANSWER_NO, TDP },
	{ "6.12.0-55.9.1.el10_0.x86_64", "RHEL 10", true, true, true, ANSWER_NO, TDP },
	{ "5.15.0-206.153.7.el9uek.x86_64", "Oracle UEK", true, false, true, ANSWER_UNKNOWN,
	  ON | ASSUMED_VCALLOC },
	{ "6.12.0-100.28.2.el9uek.x86_64", "Oracle UEK", true, true, true, ANSWER_NO, TDP },
	{ "6.12.0-103.40.4.el10uek.x86_64", "Oracle UEK", true, true, true, ANSWER_NO, TDP },
	{ "5.4.17-2136.338.4.1.el8uek.x86_64", "Oracle UEK", false, false, false, ANSWER_NO, 0 },
	/* KVMGT decides from 5.16 to 6.8. */
	{ "5.15.0-126-generic", "Ubuntu", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	{ "6.8.0-49-generic", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.5.0-1014-aws", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.11.0-9-generic", "Ubuntu", true, true, true, ANSWER_NO, TDP },
	{ "6.8.0-49-lowlatency", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.8.0-1015-azure", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.9.3-060903-generic", "Ubuntu", true, true, true, ANSWER_NO, TDP },
	{ "6.8.0-1001-gkeop", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.8.0-1021-gke", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.5.0-1024-oem", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "5.15.0-1070-intel-iotg", "Ubuntu", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	{ "6.8.0-1017-oracle-64k", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "5.15.0-1073-aws-fips", "Ubuntu", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	{ "6.8.0-1018-azure-fde", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.8.0-1020-nvidia-lowlatency", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.8.0-1013-raspi2", "Ubuntu", true, false, true, ANSWER_NO, TDP },
	{ "6.8.1-1015-realtime", "Ubuntu", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "5.15.0-73-fips", "Ubuntu", true, false, true, ANSWER_UNKNOWN, ON | ASSUMED_VCALLOC },
	{ "5.15.102-1-pve", "Proxmox", true, false, false, ANSWER_YES, TDP },
	{ "5.15.158-2-pve", "Proxmox", false, false, true, ANSWER_NO, TDP },
	{ "6.2.16-20-pve", "Proxmox", true, false, true, ANSWER_NO, TDP },
	{ "6.8.12-4-pve", "Proxmox", true, false, true, ANSWER_NO, TDP },
	{ "6.14.8-2-pve", "Proxmox", true, true, true, ANSWER_NO, TDP },
	{ "6.4.0-150600.23.25-default", "SUSE", true, false, true, ANSWER_NO, TDP },
	{ "6.4.0-150600.8.17-azure", "SUSE", true, false, true, ANSWER_NO, TDP },
	{ "5.14.21-150500.55.88-default", "SUSE", true, false, false, ANSWER_NO, ON },
	{ "6.4.0-150700.53.6-default", "SUSE", true, false, true, ANSWER_NO, TDP },
	{ "5.3.18-150300.59.182-default", "SUSE", false, false, false, ANSWER_NO, 0 },
	{ "5.14.21-150400.24.136-default", "SUSE", true, false, false, ANSWER_NO, ON },
	{ "5.14.21-150500.13.82-rt", "SUSE", true, false, false, ANSWER_NO, ON },
	{ "6.4.0-150600.10.17-rt", "SUSE", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "6.12.0-160000.5-default", "SUSE", true, true, true, ANSWER_NO, TDP },
	{ "6.6.11-1-kvmsmall", "SUSE", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	{ "6.12.9-1-longterm", "SUSE", true, true, true, ANSWER_NO, TDP },
	{ "6.11.2-1-default", "SUSE", true, true, true, ANSWER_NO, TDP },
	{ "6.1.119-129.201.amzn2023.x86_64", "Amazon", true, true, true, ANSWER_NO,
	  TDP | ASSUMED_TRACKING },
	{ "5.10.230-223.885.amzn2.x86_64", "Amazon", false, false, true, ANSWER_NO, 0 },
	{ "5.15.168-114.166.amzn2.x86_64", "Amazon", false, false, true, ANSWER_NO, TDP },
	{ "6.12.22-27.96.amzn2023.x86_64", "Amazon", true, true, true, ANSWER_NO, TDP },
	{ "6.6.87.2-microsoft-standard-WSL2", "Microsoft", true, true, true, ANSWER_NO,
	  TDP | ASSUMED_TRACKING },
	{ "5.15.167.1-2.cm2", "Microsoft", false, false, true, ANSWER_NO, TDP },
	{ "5.15.167.4-microsoft-standard-WSL2", "Microsoft", false, false, true, ANSWER_NO, TDP },
	{ "5.15.90.1-microsoft-standard-WSL2", "Microsoft", true, false, false, ANSWER_YES, TDP },
	{ "6.6.57.1-6.azl3", "Microsoft", true, true, true, ANSWER_NO, TDP | ASSUMED_TRACKING },
	/* Nobody's: as mainline, and it is said. */
	{ "6.11.4-301.fc41.x86_64", NULL, true, true, true, ANSWER_NO, TDP | ASSUMED_VENDOR },
	{ "6.6.8-arch1-1", NULL, true, true, true, ANSWER_NO,
	  TDP | ASSUMED_TRACKING | ASSUMED_VENDOR },
	{ "6.6.58-gentoo-dist", NULL, true, true, true, ANSWER_NO,
	  TDP | ASSUMED_TRACKING | ASSUMED_VENDOR },
	{ "5.15.104-android13-8-00001-gabcdef", NULL, true, false, false, ANSWER_YES,
	  TDP | ASSUMED_VENDOR },
	{ "5.15.131-19645-gabc", NULL, false, false, false, ANSWER_YES, TDP | ASSUMED_VENDOR },
	{ "6.12.0-0.rc2.20241008git.24.fc42.x86_64", NULL, true, true, true, ANSWER_NO,
	  TDP | ASSUMED_VENDOR },
	{ "6.12.9-1.el9.elrepo.x86_64", NULL, true, true, true, ANSWER_NO, TDP | ASSUMED_VENDOR },
	{ "4.19.0-custom", NULL, false, false, false, ANSWER_NO, 0 },
#undef TDP
#undef ON
};

static void a_release_tells_the_model(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kernel_facts facts;
		struct model model;

		if (!kernel_assumed(rows[i].release, &facts))
			fail_msg("%s: no version", rows[i].release);
		model_choose(&facts, &model);
		if (!facts.vendor != !rows[i].vendor ||
		    (facts.vendor && strcmp(facts.vendor, rows[i].vendor)))
			fail_msg("%s is of %s", rows[i].release, facts.vendor);
		if (model.rmap_lazy != rows[i].rmap_lazy ||
		    model.tracking_lazy != rows[i].tracking_lazy ||
		    model.whole_pages != rows[i].whole_pages)
			fail_msg("%s: %s, %s", rows[i].release, model.name, model.why);
		if (kernel_refuses_large(&facts) != rows[i].refuses)
			fail_msg("%s: refuses large arrays: %d", rows[i].release,
				 (int)kernel_refuses_large(&facts));
		if (facts.assumed != rows[i].assumed)
			fail_msg("%s: assumed %#x", rows[i].release, facts.assumed);
	}
}

/* In which order the first shadow root goes through the memslots is that of the KVM which was ported back. */
static void the_order_of_slots_is_that_of_its_kvm(void **state)
{
	static const struct {
		const char *release;
		enum slot_order order;
	} known[] = {
		{ "5.16.0-4-amd64", ORDER_BY_BASE_DOWN }, { "5.17.0-1-amd64", ORDER_BY_HASH },
		{ "4.18.0-372.9.1.el8.x86_64", ORDER_BY_BASE_DOWN }, { "4.18.0-425.3.1.el8.x86_64", ORDER_BY_HASH },
		{ "5.14.0-70.13.1.el9_0.x86_64", ORDER_BY_BASE_DOWN }, { "5.14.0-162.6.1.el9_1.x86_64", ORDER_BY_HASH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct kernel_facts facts;

		assert_true(kernel_assumed(known[i].release, &facts));
		if (kernel_slot_order(&facts) != known[i].order)
			fail_msg("%s: %d", known[i].release, (int)kernel_slot_order(&facts));
	}
}

/* The name that a report gives the rules of a kernel: each begins with the version that it names. */
static void the_eras_have_no_gap(void **state)
{
	static const struct {
		unsigned int major, minor;
		const char *era;
	} known[] = {
		{ 5, 13, "pre-5.14" }, { 5, 14, "5.14-5.15" }, { 5, 15, "5.14-5.15" }, { 5, 16, "5.16-5.17" },
		{ 5, 17, "5.16-5.17" }, { 5, 18, "5.18-6.8" }, { 6, 8, "5.18-6.8" }, { 6, 9, "6.9-6.16" },
		{ 6, 16, "6.9-6.16" }, { 6, 17, "6.17+" }, { 7, 0, "6.17+" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct kernel_facts facts = { .major = known[i].major, .minor = known[i].minor };

		assert_string_equal(kernel_era(&facts), known[i].era);
	}
}

static void what_does_not_begin_with_a_version_is_none(void **state)
{
	static const char *const texts[] = {
		"", "6", "6.", "6.x", "-6.1", "6.1x", "6.12.", "6..1", "0.1", "v6.12", " 6.1", "6.1 ",
		"6.1,6.12", "6.12/../etc", "99999999999.1", "6.99999999999", "el9",
	};
	struct kernel_facts facts;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (kernel_assumed(texts[i], &facts))
			fail_msg("\"%s\" is taken for a version", texts[i]);
}

static void assert_text(const char *release, const char *wanted)
{
	struct kernel_facts facts;
	char text[512];

	assert_true(kernel_assumed(release, &facts));
	kernel_assumptions(&facts, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void assumptions_are_told(void **state)
{
	struct kernel_facts facts;
	char text[8];

	(void)state;
	assert_text("6.12", "TDP MMU on, as Debian builds it; say --tdp-mmu");
	assert_text("5.10.210", "");
	assert_text("5.15.167.4-microsoft-standard-WSL2",
		    "TDP MMU off, as Microsoft builds it; say --tdp-mmu");
	assert_text("5.15.0-126-generic",
		    "TDP MMU on, which takes the most (Ubuntu kernels of this release have it on or off); "
		    "KVM has __vcalloc(), so that each array takes whole pages; say --tdp-mmu");
	assert_text("6.6.8-arch1-1",
		    "KVM as in mainline 6.6, because this release's vendor is unknown; TDP MMU on, as in "
		    "mainline; no external write tracking (KVMGT), so that tracking comes with the first "
		    "shadow root; say --tdp-mmu");
	assert_true(kernel_assumed("5.15", &facts));
	kernel_say_tdp_mmu(&facts, false);
	assert_int_equal(facts.assumed, ASSUMED_VCALLOC);
	assert_true(kernel_is_eager(&facts));
	/* Cut, but in one piece. */
	assert_true(kernel_assumed("6.6.8-arch1-1", &facts));
	kernel_assumptions(&facts, text, sizeof(text));
	assert_string_equal(text, "KVM as ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_tells_the_model),
		cmocka_unit_test(the_order_of_slots_is_that_of_its_kvm), cmocka_unit_test(the_eras_have_no_gap),
		cmocka_unit_test(what_does_not_begin_with_a_version_is_none),
		cmocka_unit_test(assumptions_are_told),
	};

	return cmocka_run_group_tests_name("kernel_vendor", tests, NULL, NULL);
}
