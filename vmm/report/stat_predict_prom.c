// SPDX-License-Identifier: GPL-2.0-only
/* What `minivmm stat --predict` adds for Prometheus. */
#include "base/amount.h"
#include "base/value.h"
#include "report/prom.h"
#include "report/stat.h"

/* A family, and where its figures are in the JSON. */
struct gauge {
	const char *name, *help, *path;
};

static const struct gauge vm_gauges[] = {
	{ "minivmm_vm_memory_bytes", "The guest's RAM.", "memory_bytes" },
	{ "minivmm_vm_resident_bytes", "How much of the guest's RAM is there.", "resident_bytes" },
	{ "minivmm_vm_memslots", "Memslots.", "memslots" },
	{ "minivmm_vm_first_l2_bytes", "What the first nested guest will take for arrays.",
	  "first_l2_bytes" },
	{ "minivmm_vm_missing_rmap_bytes", "What it will take for rmaps.", "missing.rmap_bytes" },
	{ "minivmm_vm_missing_tracking_bytes", "What it will take for gfn write tracking.",
	  "missing.tracking_bytes" },
	{ "minivmm_vm_first_entry_bytes",
	  "What it will take for arrays and for what each vCPU takes when it enters it.",
	  "first_entry_bytes" },
	{ "minivmm_vm_shadow_bytes",
	  "Shadow pages of a nested guest that maps as much memory as the VM has.", "shadow_bytes" },
	{ "minivmm_vm_room_bytes", "What the tightest limit on the VM still leaves.", "room_bytes" },
	{ 0 }
};

static const struct gauge limit_gauges[] = {
	{ "minivmm_limit_bytes", "A memory limit of a cgroup.", "limit_bytes" },
	{ "minivmm_limit_room_bytes", "What a memory limit still leaves.", "room_bytes" },
	{ "minivmm_limit_swap_bytes", "What may still be swapped out below a memory limit.",
	  "swap_bytes" },
	{ "minivmm_limit_vms", "VMs below a memory limit.", "vms" },
	{ "minivmm_limit_lazy_vms", "Those that miss arrays.", "lazy_vms" },
	{ "minivmm_limit_unknown_vms", "Those of which it is not known what they will take.",
	  "unknown_vms" },
	{ "minivmm_limit_first_l2_bytes",
	  "What the first nested guests of all VMs under a limit will take.", "first_l2_bytes" },
	{ "minivmm_limit_known_first_l2_bytes", "The same of the VMs of which it is known.",
	  "known_first_l2_bytes" },
	{ "minivmm_limit_full_bytes",
	  "The same with all shadow pages and what each vCPU takes.", "full_bytes" },
	{ "minivmm_limit_absent_bytes", "Memory of the guests under a limit that is not there yet.",
	  "absent_bytes" },
	{ 0 }
};

static const struct gauge host_gauges[] = {
	{ "minivmm_first_l2_bytes", "What the first nested guests of all VMs will take.",
	  "first_l2_bytes" },
	{ "minivmm_known_first_l2_bytes", "The same of the VMs of which it is known.",
	  "known_first_l2_bytes" },
	{ "minivmm_unknown_vms", "VMs of which it is not known.", "unknown_vms" },
	{ "minivmm_mem_available_bytes", "MemAvailable of the host.", "mem_available_bytes" },
	{ 0 }
};

/* A sample of a VM, of a limit, or of the host, which has neither's labels. */
static void put_sample(FILE *out, const char *name, const json_t *of, const char *limited_by,
		       const char *verdict, int64_t value)
{
	char pid[AMOUNT_TEXT], fd[AMOUNT_TEXT];
	bool vm = value_at(of, "pid");

	prom_integer(out, name, PROM_LABELS(
		"pid", vm ? amount_exact(pid, amount_at(of, "pid")) : NULL,
		"fd", vm ? amount_exact(fd, amount_at(of, "fd")) : NULL,
		"name", value_string(of, "name"),
		"limit", limited_by ? limited_by : value_string(of, "where"),
		"verdict", verdict), value);
}

/* of: a list of VMs or limits, or the host. What is not known is left out. */
static void put_gauges(FILE *out, const json_t *of, const struct gauge *gauge)
{
	size_t count = json_is_array(of) ? json_array_size(of) : 1;

	for (; gauge->name; gauge++) {
		prom_family(out, gauge->name, "gauge", gauge->help);
		for (size_t i = 0; i < count; i++) {
			const json_t *one = json_is_array(of) ? json_array_get(of, i) : of;
			struct amount amount = amount_at(one, gauge->path);

			if (amount.known)
				put_sample(out, gauge->name, one, NULL, NULL, amount.value);
		}
	}
}

static void put_verdicts(FILE *out, const json_t *list, const char *name, const char *help)
{
	const json_t *one;
	size_t i;

	prom_family(out, name, "gauge", help);
	json_array_foreach(list, i, one)
		put_sample(out, name, one, NULL, value_string(one, "verdict"), 1);
}

static void put_limits_of_vms(FILE *out, const json_t *vms)
{
	const char *name = "minivmm_vm_limited_by", *limit;
	const json_t *vm;
	size_t i;

	prom_family(out, name, "gauge", "1: the limit is the tightest one on the VM.");
	json_array_foreach(vms, i, vm) {
		limit = value_string(vm, "limited_by");
		if (limit)
			put_sample(out, name, vm, limit, NULL, 1);
	}
}

/* With 1 no sum here is that of all VMs, whatever minivmm_unknown_vms says. */
static void put_incomplete(FILE *out, const json_t *stat)
{
	prom_family(out, "minivmm_incomplete", "gauge",
		    "1: there may be VMs on this host that are not in the list, 0: there are none.");
	prom_integer(out, "minivmm_incomplete", PROM_NO_LABELS,
		     value_string(stat, "incomplete_why") != NULL);
}

void stat_predict_prom(const json_t *stat, FILE *out)
{
	const json_t *vms = value_at(stat, "vms"), *limits = value_at(stat, "limits");

	put_gauges(out, vms, vm_gauges);
	put_limits_of_vms(out, vms);
	put_verdicts(out, vms, "minivmm_vm_verdict",
		     "1: what running its first nested guest means for the VM.");
	put_gauges(out, limits, limit_gauges);
	put_verdicts(out, limits, "minivmm_limit_verdict",
		     "1: what the first nested guests of all VMs under a limit mean for them.");
	put_gauges(out, stat, host_gauges);
	put_incomplete(out, stat);
}
