// SPDX-License-Identifier: GPL-2.0-only
#include "host/host_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"

#define PAGE 4096ull
#define HUGE_PAGE (2ull << 20)
#define ADDRESS_SPACE (1ull << 47)	/* of a process, without 5-level paging */

struct demand {
	uint64_t address_space, populated; /* populated: not from a pool of huge pages */
	uint64_t huge_2m, huge_1g;	/* pages */
	const struct memslot_cfg *last_2m, *last_1g; /* the memslots that asked last */
};

/* Without /sys/kernel in the folder, a file that is missing there says nothing about the host. */
static bool has_sys(const char *root)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/sys/kernel", root);
	return !access(path, F_OK);
}

static bool read_number(const char *root, const char *path, uint64_t *number)
{
	char name[512];
	FILE *file;
	bool ok;

	snprintf(name, sizeof(name), "%s%s", root, path);
	file = fopen(name, "re");
	if (!file)
		return false;
	ok = fscanf(file, "%" SCNu64, number) == 1;
	fclose(file);
	return ok;
}

static bool read_pool(const char *root, unsigned int kilobytes, const char *file, uint64_t *pages)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%ukB/%s", kilobytes, file);
	return read_number(root, path, pages);
}

/* Pages of a pool are not reserved (MAP_NORESERVE): without one the guest's touch is a SIGBUS. */
static int check_pool(const char *root, const struct memslot_cfg *cfg, uint64_t wanted,
		      unsigned int kilobytes, const char *size, struct err *err)
{
	uint64_t pages, reserved = 0, all = 0;

	if (!cfg)
		return 0;
	if (!has_sys(root)) {
		err_set(err, ENOMEM, "memslot.%s.backing: whether this host has huge pages of %s is not "
			"known: /sys is not mounted", cfg->name, size);
		err_remedy(err, "mount -t sysfs none /sys");
		return -ENOMEM;
	}
	if (!read_pool(root, kilobytes, "free_hugepages", &pages)) {
		err_set(err, ENOMEM, "memslot.%s.backing: this host has no huge pages of %s "
			"(/sys/kernel/mm/hugepages/hugepages-%ukB/free_hugepages)", cfg->name, size,
			kilobytes);
		err_remedy(err, "boot with hugepagesz=%s, or another backing", size);
		return -ENOMEM;
	}
	/* Free ones may be promised to others already: hugetlb_reserve_pages(), mm/hugetlb.c. */
	read_pool(root, kilobytes, "resv_hugepages", &reserved);
	pages = pages > reserved ? pages - reserved : 0;
	if (wanted <= pages)
		return 0;
	read_pool(root, kilobytes, "nr_hugepages", &all);
	err_set(err, ENOMEM, "memslot.%s.backing: the layout takes %" PRIu64 " huge pages of %s, this host "
			     "has %" PRIu64 " free", cfg->name, wanted, size, pages);
	err_remedy(err, "as root: echo %" PRIu64 " > /sys/kernel/mm/hugepages/hugepages-%ukB/nr_hugepages",
		   all > pages ? all - pages + wanted : wanted, kilobytes);
	return -ENOMEM;
}

static int check_file(const struct memslot_cfg *cfg, struct err *err)
{
	uint64_t size = cfg->size * cfg->count;
	char wanted[UNIT_TEXT], there[UNIT_TEXT];
	struct stat file;

	if (cfg->backing != BACKING_FILE || cfg->alias)
		return 0;
	if (stat(cfg->path, &file) || access(cfg->path, R_OK | W_OK))
		return err_errno(err, errno, "memslot.%s.backing: file:%s", cfg->name, cfg->path);
	if (!S_ISREG(file.st_mode) || (uint64_t)file.st_size >= size)
		return 0;
	err_set(err, ENOSPC, "memslot.%s.backing: file:%s holds %s, the memslot takes %s", cfg->name,
		cfg->path, format_size_key(there, (uint64_t)file.st_size),
		format_size_key(wanted, size));
	err_remedy(err, "truncate -s %s %s", wanted, cfg->path);
	return -ENOSPC;
}

/* The kernel applies the limit to a memfd's size, too: inode_newsize_ok(), 6.12. */
static int check_memfd(const struct memslot_cfg *cfg, struct err *err)
{
	char wanted[UNIT_TEXT], text[UNIT_TEXT];
	struct rlimit limit;

	if ((cfg->backing != BACKING_MEMFD && !memslot_is_huge_pool(cfg)) || getrlimit(RLIMIT_FSIZE, &limit) ||
	    cfg->size * cfg->count <= limit.rlim_cur)
		return 0;
	err_set(err, EFBIG, "memslot.%s: a memfd of %s, a process may make files of %s here (RLIMIT_FSIZE)", cfg->name,
		format_bytes(wanted, cfg->size * cfg->count), format_bytes(text, limit.rlim_cur));
	err_remedy(err, "ulimit -f unlimited");
	return -EFBIG;
}

static int check_node(const char *root, const struct memslot_cfg *cfg, struct err *err)
{
	char path[512];

	if (cfg->node < 0 || !has_sys(root))
		return 0;
	snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%" PRId64, root, cfg->node);
	if (!access(path, F_OK))
		return 0;
	return err_set(err, ENODEV, "memslot.%s.node: %" PRId64 ": this host has no such NUMA node (%s)",
		       cfg->name, cfg->node, path);
}

/* What is not plugged takes address space, and no memory. */
static void add_demand(const struct memslot_cfg *cfg, uint64_t vms, struct demand *demand)
{
	uint64_t size;

	if (__builtin_mul_overflow(cfg->size * cfg->count, vms, &size) ||
	    __builtin_add_overflow(demand->address_space, size, &demand->address_space))
		size = demand->address_space = UINT64_MAX;
	if (size != UINT64_MAX)
		size = cfg->plugged * cfg->count * vms;
	if (cfg->populate && cfg->backing != BACKING_HUGETLB_2M && cfg->backing != BACKING_HUGETLB_1G)
		demand->populated += size;
	if (cfg->backing == BACKING_HUGETLB_2M) {
		demand->huge_2m += size >> 21;
		demand->last_2m = cfg;
	}
	if (cfg->backing == BACKING_HUGETLB_1G) {
		demand->huge_1g += size >> 30;
		demand->last_1g = cfg;
	}
}

static int check_space(const struct demand *demand, struct err *err)
{
	char wanted[UNIT_TEXT], text[UNIT_TEXT];
	struct rlimit limit;
	uint64_t most = ADDRESS_SPACE;

	if (!getrlimit(RLIMIT_AS, &limit) && limit.rlim_cur < most)
		most = limit.rlim_cur;
	if (demand->address_space <= most)
		return 0;
	err_set(err, ENOMEM, "the memslots take %s of address space, a process has %s%s",
		format_bytes(wanted, demand->address_space), format_bytes(text, most),
		most < ADDRESS_SPACE ? " here (RLIMIT_AS)" : "");
	err_remedy(err, most < ADDRESS_SPACE ? "ulimit -v unlimited" :
					       "smaller slots, or slots that are an alias of others");
	return -ENOMEM;
}

static int check_populated(const struct demand *demand, uint64_t available, struct err *err)
{
	char wanted[UNIT_TEXT], text[UNIT_TEXT];

	if (!available || demand->populated <= available)
		return 0;
	err_set(err, ENOMEM, "populate = yes takes %s, this host has %s available (MemAvailable)",
		format_bytes(wanted, demand->populated), format_bytes(text, available));
	err_remedy(err, "populate less: memory that is not populated costs nothing until it is touched");
	return -ENOMEM;
}

/* What is touched here and there may come as huge pages, unless someone said never. */
static bool may_be_huge(const char *root, const struct config *config)
{
	char path[512], modes[64] = "";
	bool always;
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/kernel/mm/transparent_hugepage/enabled", root);
	file = fopen(path, "re");
	if (file && !fgets(modes, sizeof(modes), file))
		modes[0] = '\0';
	if (file)
		fclose(file);
	always = strstr(modes, "[always]") || !has_sys(root);
	for (size_t i = 0; i < config->memslot_count; i++) {
		const struct memslot_cfg *cfg = &config->memslots[i];

		if (!cfg->alias && !cfg->populate && cfg->thp != THP_NEVER &&
		    (always || cfg->thp == THP_ALWAYS))
			return true;
	}
	return false;
}

/* What a phase's writes take of one VM's memory, at most: see the walk in minivmm_abi.h. */
static uint64_t touched_bytes(const struct phase_cfg *phase, uint64_t size, bool huge)
{
	uint64_t pages = phase->touch / PAGE, stride = phase->stride < PAGE ? PAGE : phase->stride;
	uint64_t around = size / stride + 1;
	uint64_t unit = huge ? (stride < HUGE_PAGE ? stride : HUGE_PAGE) : PAGE;

	return (pages < around ? pages : around) * unit + (huge && pages ? HUGE_PAGE : 0);
}

/* What the phase that touches most takes of one VM. */
static uint64_t most_touched(const struct config *config, uint64_t size, bool huge)
{
	uint64_t most = 0;

	for (size_t i = 0; i < config->phase_count; i++) {
		uint64_t bytes = touched_bytes(&config->phases[i], size, huge);

		most = bytes > most ? bytes : most;
	}
	return most < size ? most : size;
}

/* Whether pages may be huge is only asked where it matters. */
static int check_touched(const char *root, const struct layout *layout, uint64_t vms,
			 uint64_t available, struct err *err)
{
	const struct config *config = layout->config;
	uint64_t size = layout_memory(layout), most = most_touched(config, size, true);
	char wanted[UNIT_TEXT], text[UNIT_TEXT];
	bool huge;

	if (!available || most <= available / vms)
		return 0;
	huge = may_be_huge(root, config);
	most = most_touched(config, size, huge);
	if (most <= available / vms)
		return 0;
	err_set(err, ENOMEM, "the memory that %" PRIu64 " VM%s may write to takes %s%s, this host has %s "
		"available (MemAvailable)", vms, vms > 1 ? "s" : "", format_bytes(wanted, most * vms),
		huge ? " in huge pages" : "", format_bytes(text, available));
	err_remedy(err, "fewer VMs, a smaller touch%s",
		   huge ? ", or thp = never: pages far apart are 2M each otherwise" : "");
	return -ENOMEM;
}

int host_memory_check(const char *root, const struct layout *layout, uint64_t vms,
		      uint64_t mem_available, struct err *err)
{
	const struct config *config = layout->config;
	struct demand demand = { 0 };
	int code = 0;

	for (size_t i = 0; !code && i < config->memslot_count; i++) {
		const struct memslot_cfg *cfg = &config->memslots[i];

		if (cfg->alias)
			continue;
		add_demand(cfg, vms, &demand);
		code = check_file(cfg, err);
		if (!code)
			code = check_memfd(cfg, err);
		if (!code)
			code = check_node(root, cfg, err);
	}
	if (!code)
		code = check_pool(root, demand.last_2m, demand.huge_2m, 2048, "2M", err);
	if (!code)
		code = check_pool(root, demand.last_1g, demand.huge_1g, 1048576, "1G", err);
	if (!code)
		code = check_space(&demand, err);
	if (!code)
		code = check_populated(&demand, mem_available, err);
	return code ? code : check_touched(root, layout, vms, mem_available, err);
}

uint64_t host_memory_use(const char *root, const struct layout *layout, uint64_t vms, uint64_t room)
{
	const struct config *config = layout->config;
	struct demand demand = { 0 };
	uint64_t touched;

	for (size_t i = 0; i < config->memslot_count; i++)
		if (!config->memslots[i].alias)
			add_demand(&config->memslots[i], vms, &demand);
	touched = vms * most_touched(config, layout_memory(layout), true);
	/* Whether pages may be huge is only asked where it matters. */
	if (touched > room && !may_be_huge(root, config))
		touched = vms * most_touched(config, layout_memory(layout), false);
	/* What is populated may be what is touched: the larger of both is taken for certain. */
	return demand.populated > touched ? demand.populated : touched;
}
