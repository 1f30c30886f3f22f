// SPDX-License-Identifier: GPL-2.0-only
/* What KVM's rmaps must lose when L2's pages are taken back, by how they were mapped; what DAMON must see of them. */
#include <string.h>

#include "minivmm_abi.h"
#include "run/result.h"

#define PER_LEVEL 512	/* mappings of a level in the place of one of the next: 4K, 2M, 1G */

/*
 * KVM had each page mapped once: by 4K mappings alone there were as many as pages, and those that it had prefetched beside
 * them; huge ones may also cover pages between those that were written, and the last one pages beyond them. Where L1's own mappings
 * are in the rmaps, too, these may be huge while L2's are small ones.
 */
bool found_mapped_exactly(const struct model *model, const struct phase_result *phase)
{
	const struct phase_cfg *cfg = phase->cfg;
	const int64_t *lost = phase->found.unmapped;
	int64_t pages = (int64_t)(cfg->touch / 4096), most = (int64_t)((cfg->touch / 4096 - 1) * cfg->stride / 4096 + 1);
	int64_t huge = PER_LEVEL * (lost[1] + PER_LEVEL * lost[2]), covered = lost[0] + huge;

	if (lost[0] < 0 || lost[1] < 0 || lost[2] < 0)
		return false;
	if (!huge)
		most = pages;
	else
		most += lost[2] ? PER_LEVEL * PER_LEVEL : PER_LEVEL;
	if (model_l1_may_have_rmaps(model) && lost[0] >= pages && lost[0] <= pages + phase->found.beside)
		return huge <= most;
	return covered >= pages && covered <= most + phase->found.beside;
}

/*
 * Page k had k + 1 mappings, so that of 1 to 31 each number came once. Until 7.2 kvm_mmu_rmaps_stat_show() takes the column
 * of the lowest bit set (ffs()) under labels of the highest (fls()): a known bug, for which no run fails.
 */
void found_columns_expected(unsigned int more, int64_t highest[RMAPS_COLUMNS], int64_t lowest[RMAPS_COLUMNS])
{
	memset(highest, 0, RMAPS_COLUMNS * sizeof(*highest));
	memset(lowest, 0, RMAPS_COLUMNS * sizeof(*lowest));
	for (int count = 1; count <= (int)ABI_COUNTED_PAGES; count++) {
		highest[32 - __builtin_clz((unsigned int)count + more)]++;
		lowest[__builtin_ffs(count + (int)more)]++;
	}
	highest[0] = lowest[0] = -(int64_t)ABI_COUNTED_PAGES;
}

/* L1 has read each page as well: that is one mapping more, unless it is not in the rmaps, or a huge one. */
enum columns found_columns(const struct model *model, const int64_t lost[RMAPS_COLUMNS])
{
	unsigned int most = model_l1_may_have_rmaps(model) ? 1 : 0;
	int64_t highest[RMAPS_COLUMNS], lowest[RMAPS_COLUMNS];

	for (unsigned int more = 0; more <= most; more++) {
		found_columns_expected(more, highest, lowest);
		if (!memcmp(lost, highest, sizeof(highest)))
			return COLUMNS_HIGHEST;
		if (!memcmp(lost, lowest, sizeof(lowest)))
			return COLUMNS_LOWEST;
	}
	return COLUMNS_WRONG;
}

unsigned int found_percent(const struct damon_seen *seen)
{
	uint64_t all = seen->accessed + seen->idle;

	return all ? (unsigned int)(seen->accessed * 100 / all) : 0;
}

static bool was_looked_at(const struct damon_seen *seen)
{
	return seen->accessed || seen->idle;
}

/* AGING_UNSEEN: accesses are not seen; AGING_STAYS: those are that have ended. */
enum aging_is found_aging(const struct aging *aging)
{
	unsigned int running = found_percent(&aging->running), stopped = found_percent(&aging->stopped);

	if (!was_looked_at(&aging->running) || !was_looked_at(&aging->stopped))
		return AGING_UNCLEAR;
	if (stopped >= 50)
		return AGING_STAYS;
	/* Each page was written between two looks at it, by a vCPU without a TLB entry of it. */
	if (running <= 25 && aging->sweeps >= 2 * aging->samples && aging->flushes >= aging->samples)
		return AGING_UNSEEN;
	return running >= 50 && stopped <= 25 ? AGING_RIGHT : AGING_UNCLEAR;
}
