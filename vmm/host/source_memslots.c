// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arrays of this VM's memslots, found in the kernel's memory by their addresses. They are
 * exact whatever other VMs do, which /proc/vmallocinfo is not, as it does not say whose an array
 * is. Reading them takes tens of milliseconds (BTF, /proc/kallsyms), so only what can't be
 * explained otherwise is a reason to ask: snapshot_ask_memslots().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/value.h"
#include "host/kvm_memslots.h"
#include "host/seen_arrays.h"
#include "host/source.h"
#include "host/vmap_areas.h"

#define ARRAYS_OF_SLOT 7	/* the members of struct memslot_arrays */

struct memslots_witness {
	struct kvm_reader reader;
	struct seen_arrays seen;	/* the VM's, to be looked for once it is gone */
};

/* What is read at one moment. */
struct moment {
	struct sources *sources;
	struct vmap_areas areas;
	struct memslots *figures;
	bool found;
};

static void addresses_of(const struct memslot_arrays *arrays, uint64_t to[ARRAYS_OF_SLOT])
{
	for (int level = 0; level < 3; level++)
		to[level] = arrays->rmap[level];
	for (int level = 0; level < 2; level++)
		to[3 + level] = arrays->lpage_info[level];
	to[5] = arrays->tracking;
	to[6] = arrays->dirty_bitmap;
}

static void add_up(struct moment *moment, const uint64_t addresses[ARRAYS_OF_SLOT])
{
	struct memslots *figures = moment->figures;
	uint64_t bytes[ARRAYS_OF_SLOT];

	for (int i = 0; i < ARRAYS_OF_SLOT; i++)
		bytes[i] = vmap_area_bytes(&moment->areas, addresses[i]);
	figures->rmap += bytes[0] + bytes[1] + bytes[2];
	figures->lpage_info += bytes[3] + bytes[4];
	figures->tracking += bytes[5];
	figures->dirty_bitmap += bytes[6];
}

/* Notes the VM's arrays in place of those that were noted before. 0 or -ENOMEM. */
static int note_arrays(struct memslots_witness *witness, const struct moment *moment,
		       const struct kernel_vm *vm)
{
	uint64_t addresses[ARRAYS_OF_SLOT];
	int code = seen_arrays_renew(&witness->seen, vm->count * ARRAYS_OF_SLOT);

	for (size_t i = 0; !code && i < vm->count; i++) {
		addresses_of(&vm->slots[i].arrays, addresses);
		for (int j = 0; j < ARRAYS_OF_SLOT; j++)
			seen_arrays_note(&witness->seen, vmap_area_at(&moment->areas, addresses[j]));
	}
	return code;
}

/* By its folder in debugfs; in a pid namespace, where that has another name, by the mark. */
static bool is_own(const struct sources *sources, const struct kernel_vm *vm)
{
	const struct vm_mark *mark = &sources->vm_mark;
	char folder[DEBUGFS_VM], why[SOURCE_WHY];

	if (!debugfs_own_vm(sources->root, sources->vm_pid, sources->vm_fd, folder, why) &&
	    !strcmp(folder, vm->folder))
		return vm->settled;
	for (size_t i = 0; vm->settled && i < vm->count; i++)
		if (vm->slots[i].hva == mark->hva && vm->slots[i].base_gfn == mark->base_gfn &&
		    vm->slots[i].npages == mark->npages)
			return true;
	return false;
}

/* Made by this process: the VM itself, and the further ones of its stress phases. */
static bool is_ours(const struct moment *moment, const struct kernel_vm *vm)
{
	return vm->tgid == getpid() || (moment->sources->vm_pid && is_own(moment->sources, vm));
}

/* All arrays of another VM: none if it is not settled, as it then shows no slots. */
static uint64_t others_arrays(struct moment *moment, const struct kernel_vm *vm)
{
	uint64_t addresses[ARRAYS_OF_SLOT], bytes = 0;

	for (size_t i = 0; i < vm->count; i++) {
		addresses_of(&vm->slots[i].arrays, addresses);
		for (int j = 0; j < ARRAYS_OF_SLOT; j++) {
			bytes += vmap_area_bytes(&moment->areas, addresses[j]);
			vmap_area_take(&moment->areas, addresses[j]);
		}
	}
	return bytes;
}

static int visit_own(struct moment *moment, const struct kernel_vm *vm)
{
	uint64_t addresses[ARRAYS_OF_SLOT];

	moment->found = true;
	moment->figures->count = vm->count;
	for (size_t i = 0; i < vm->count; i++) {
		addresses_of(&vm->slots[i].arrays, addresses);
		add_up(moment, addresses);
	}
	return note_arrays(moment->sources->memslots, moment, vm);
}

static int visit(const struct kernel_vm *vm, void *data)
{
	struct moment *moment = data;

	if (!moment->found && moment->sources->vm_pid && is_own(moment->sources, vm))
		return visit_own(moment, vm);
	if (is_ours(moment, vm))
		return 0;
	moment->figures->others_known &= vm->settled;
	moment->figures->others += others_arrays(moment, vm);
	return 0;
}

static int open_witness(struct sources *sources, char why[SOURCE_WHY])
{
	struct memslots_witness *witness;
	int code;

	if (sources->memslots)
		return kvm_reader_resume(&sources->memslots->reader, sources->root, why);
	witness = calloc(1, sizeof(*witness));
	if (!witness)
		return source_errno(why, ENOMEM, "memslots");
	code = kvm_reader_open(&witness->reader, sources->root, why);
	if (!code)
		code = kvm_reader_find_areas(&witness->reader, sources->root, why);
	if (!code) {
		sources->memslots = witness;
		return 0;
	}
	/* Once more does no harm, if it could not be opened. */
	kvm_reader_close(&witness->reader);
	free(witness);
	return code;
}

static int read_vms(struct moment *moment, char why[SOURCE_WHY])
{
	struct memslots_witness *witness = moment->sources->memslots;
	int code = kvm_reader_each(&witness->reader, visit, moment);

	if (code) {
		snprintf(why, SOURCE_WHY, "KVM's list of VMs kept changing while it was read");
		return code;
	}
	if (moment->sources->vm_pid && !moment->found) {
		snprintf(why, SOURCE_WHY, "this VM's memslots were not found in the kernel's memory, "
			 "or kept changing");
		return -ENOENT;
	}
	if (moment->sources->vm_pid || !witness->seen.list)
		return 0;
	/*
	 * If another VM kept changing, an array at an address that was noted may be that VM's. If there
	 * is no array at any of them, none is left.
	 */
	moment->figures->left = seen_arrays_left(&witness->seen, &moment->areas);
	moment->figures->left_known = moment->figures->others_known || !moment->figures->left;
	return 0;
}

static int read_moment(struct moment *moment, char why[SOURCE_WHY])
{
	struct sources *sources = moment->sources;
	const struct kvm_reader *reader = &sources->memslots->reader;
	int code = vmap_areas_read(&reader->memory, &reader->types, &reader->vmap, &moment->areas,
				   why);

	if (code)
		return code;
	code = read_vms(moment, why);
	vmap_areas_free(&moment->areas);
	return code;
}

/* Between two questions nothing stays open: the source process counts what this process has open. */
int memslots_ask(struct sources *sources, struct memslots *figures, char why[SOURCE_WHY])
{
	struct memslots found = { .others_known = true };
	struct moment moment = { .sources = sources, .figures = &found };
	int code = open_witness(sources, why);

	if (code)
		return code;
	code = read_moment(&moment, why);
	kvm_reader_rest(&sources->memslots->reader);
	if (!code)
		*figures = found;
	return code;
}

void memslots_close(struct sources *sources)
{
	if (!sources->memslots)
		return;
	kvm_reader_close(&sources->memslots->reader);
	seen_arrays_free(&sources->memslots->seen);
	free(sources->memslots);
	sources->memslots = NULL;
}

/* A snapshot does not read it by itself. */
int memslots_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	(void)snapshot;
	snprintf(why, SOURCE_WHY, "%s", sources->vm_pid ? "not asked for: the other sources explain "
		 "every byte" : "no VM");
	return -ECANCELED;
}

json_t *memslots_json(const struct snapshot *snapshot)
{
	const struct memslots *memslots = &snapshot->memslots;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "memslots", value_u64(memslots->count),
			 "rmap_bytes", value_u64(memslots->rmap),
			 "tracking_bytes", value_u64(memslots->tracking),
			 "lpage_info_bytes", value_u64(memslots->lpage_info),
			 "dirty_bitmap_bytes", value_u64(memslots->dirty_bitmap),
			 "left_bytes", value_known(memslots->left_known, memslots->left),
			 "others_bytes", value_known(memslots->others_known, memslots->others));
}
