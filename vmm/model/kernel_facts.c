// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the facts about a kernel are found, best source first: what the running kernel shows, what the
 * vendor's release says, what takes the most.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/kernel.h"
#include "model/kernel_vendor.h"

/* An answer that is still unknown becomes the vendor's, else what takes the most: an assumption. */
static void settle(enum answer *answer, enum answer vendors, enum answer most,
		   enum kernel_assumed what, struct kernel_facts *facts)
{
	if (*answer != ANSWER_UNKNOWN)
		return;
	*answer = vendors == ANSWER_UNKNOWN ? most : vendors;
	if (vendors == ANSWER_UNKNOWN)
		facts->assumed |= what;
}

static void settle_all(const struct kernel_vendor *vendor, struct kernel_facts *facts)
{
	bool parameter_known = facts->tdp_mmu != ANSWER_UNKNOWN;

	settle(&facts->tdp_mmu, vendor->tdp_mmu, ANSWER_YES, ASSUMED_TDP_MMU_ON, facts);
	/* Even where the default is known, whoever loads kvm can set the parameter. */
	if (!parameter_known && kernel_since(facts, 5, 14))
		facts->assumed |= ASSUMED_TDP_MMU;
	settle(&facts->vcalloc, vendor->vcalloc, ANSWER_YES, ASSUMED_VCALLOC, facts);
	if (!vendor->name && kernel_since(facts, 5, 14))
		facts->assumed |= ASSUMED_VENDOR;
}

static void settle_tracking(const struct kernel_vendor *vendor, struct kernel_facts *facts)
{
	settle(&facts->external_tracking, vendor->external_tracking, ANSWER_NO,
	       kernel_tracking_matters(facts) ? ASSUMED_TRACKING : 0, facts);
}

static void facts_of_vendor(const struct kernel_vendor *vendor, struct kernel_facts *facts)
{
	*facts = (struct kernel_facts){
		.major = vendor->major, .minor = vendor->minor, .patch = vendor->patch,
		.vendor = vendor->name, .tdp_mmu = ANSWER_UNKNOWN, .tdp = ANSWER_UNKNOWN,
		.external_tracking = ANSWER_UNKNOWN, .vcalloc = ANSWER_UNKNOWN,
	};
}

bool kernel_assumed(const char *release, struct kernel_facts *facts)
{
	struct kernel_vendor vendor;

	if (!kernel_vendor(release, &vendor))
		return false;
	facts_of_vendor(&vendor, facts);
	facts->tdp = ANSWER_YES;
	settle_all(&vendor, facts);
	settle_tracking(&vendor, facts);
	return true;
}

void kernel_say_tdp_mmu(struct kernel_facts *facts, bool on)
{
	facts->tdp_mmu = on ? ANSWER_YES : ANSWER_NO;
	facts->assumed &= ~(unsigned int)(ASSUMED_TDP_MMU | ASSUMED_TDP_MMU_ON);
}

static void vendor_of_host(const struct host *host, struct kernel_vendor *vendor)
{
	if (!kernel_vendor(host->kernel, vendor))
		host_version(host->kernel, &vendor->major, &vendor->minor);
}

void kernel_of_host(const struct host *host, struct kernel_facts *facts)
{
	struct kernel_vendor vendor;

	vendor_of_host(host, &vendor);
	facts_of_vendor(&vendor, facts);
	facts->tdp_mmu = host->tdp_mmu;
	facts->tdp = host->tdp;
}

/* Asks only where it decides something. */
static enum answer tracks_externally(const struct kernel_evidence *evidence,
				     const struct kernel_facts *facts)
{
	enum answer answer;

	if (!kernel_tracking_matters(facts))
		return ANSWER_UNKNOWN;
	answer = evidence->has_config(evidence->context, "CONFIG_KVM_EXTERNAL_WRITE_TRACKING");
	/* Before 5.18 the array of a small slot may be slab, which the evidence does not see. */
	if (answer == ANSWER_UNKNOWN && kernel_since(facts, 5, 18))
		answer = evidence->slot_has_tracking(evidence->context);
	return answer;
}

void kernel_running(const struct host *host, const struct kernel_evidence *evidence,
		    struct kernel_facts *facts)
{
	struct kernel_vendor vendor;

	vendor_of_host(host, &vendor);
	kernel_of_host(host, facts);
	/* Kernels before 5.18 that have __vcalloc() have it for this one user. */
	if (facts->major == 5 && !kernel_since(facts, 5, 18))
		facts->vcalloc = evidence->has_symbol(evidence->context, "__vcalloc");
	/*
	 * kvm_amd and kvm_intel show npt or ept. A vendor module that shows neither has no such
	 * paging, unless a slot comes without its tracking array: kernel_tracks_with_slot().
	 */
	if (facts->tdp == ANSWER_UNKNOWN && facts->tdp_mmu == ANSWER_NO &&
	    evidence->slot_has_tracking(evidence->context) != ANSWER_NO)
		facts->tdp = ANSWER_NO;
	facts->external_tracking = tracks_externally(evidence, facts);
	settle_all(&vendor, facts);
	if (kernel_tracking_matters(facts))
		settle_tracking(&vendor, facts);
}

/* Appends, behind a separator if it is not the first. */
__attribute__((format(printf, 3, 4)))
static void add(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	if (length)
		length += (size_t)snprintf(text + length, size - length, "; ");
	if (length >= size)
		return;
	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

static void add_tdp_mmu(const struct kernel_facts *facts, char *text, size_t size)
{
	const char *value = facts->tdp_mmu == ANSWER_NO ? "off" : "on";

	if (facts->assumed & ASSUMED_TDP_MMU_ON)
		add(text, size, "TDP MMU on, which takes the most (%s kernels of this release have "
		    "it on or off)", facts->vendor ? facts->vendor : "some");
	else if (facts->vendor)
		add(text, size, "TDP MMU %s, as %s builds it", value, facts->vendor);
	else
		add(text, size, "TDP MMU %s, as in mainline", value);
}

void kernel_assumptions(const struct kernel_facts *facts, char *text, size_t size)
{
	*text = '\0';
	if (facts->assumed & ASSUMED_VENDOR)
		add(text, size, "KVM as in mainline %u.%u, because this release's vendor is unknown",
		    facts->major, facts->minor);
	if (facts->assumed & ASSUMED_TDP_MMU)
		add_tdp_mmu(facts, text, size);
	if (facts->assumed & ASSUMED_TRACKING)
		add(text, size, "no external write tracking (KVMGT), so that tracking comes with the "
		    "first shadow root");
	if (facts->assumed & ASSUMED_VCALLOC)
		add(text, size, "KVM has __vcalloc(), so that each array takes whole pages");
	if (facts->assumed & ASSUMED_TDP_MMU)
		add(text, size, "say --tdp-mmu");
}
