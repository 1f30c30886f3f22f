// SPDX-License-Identifier: GPL-2.0-only
#include "host/kernel_types.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/source.h"

uint64_t kernel_value(const struct kernel_types *types, const void *copy, enum kernel_member member,
		      uint32_t index)
{
	const struct kernel_field *field = &types->members[member];
	uint64_t value = 0;

	if (field->known)
		memcpy(&value, (const char *)copy + field->offset + index * field->size,
		       field->size < sizeof(value) ? field->size : sizeof(value));
	return value;
}

#ifdef HAVE_LIBBPF

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define FOLDER "/sys/kernel/btf"

static const struct member_row {
	const char *structure, *member;
	bool must;
} rows[MEMBER_COUNT] = {
#define MEMBER_ROW(id, structure, member, must) { structure, member, must },
	KERNEL_MEMBERS(MEMBER_ROW)
#undef MEMBER_ROW
};

/* The type without its qualifiers and typedefs. */
static uint32_t plain_type(const struct btf *btf, uint32_t id)
{
	for (;;) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !(btf_is_mod(type) || btf_is_typedef(type)))
			return id;
		id = type->type;
	}
}

/* A member, also within unnamed structures and unions. Returns its type's id, or 0. */
static uint32_t find_member(const struct btf *btf, uint32_t id, const char *name, size_t length,
			    uint32_t *bits)
{
	const struct btf_type *type = btf__type_by_id(btf, plain_type(btf, id));

	if (!type || !btf_is_composite(type))
		return 0;
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const char *is = btf__name_by_offset(btf, member->name_off);
		uint32_t found = 0;

		if (is && strlen(is) == length && !memcmp(is, name, length))
			found = member->type;
		else if (!is || !*is)
			found = find_member(btf, member->type, name, length, bits);
		if (found) {
			*bits += btf_member_bit_offset(type, i);
			return found;
		}
	}
	return 0;
}

/* The member at a path like "arch.rmap". */
static bool find_path(const struct btf *btf, uint32_t id, const char *path,
		      struct kernel_field *field)
{
	uint32_t bits = 0, count = 1;
	const struct btf_type *type;
	int64_t size;

	while (id && *path) {
		size_t length = strcspn(path, ".");

		id = find_member(btf, id, path, length, &bits);
		path += length + (path[length] == '.');
	}
	type = id ? btf__type_by_id(btf, plain_type(btf, id)) : NULL;
	if (!type || bits % 8)
		return false;
	if (btf_is_array(type)) {
		count = btf_array(type)->nelems;
		id = btf_array(type)->type;
	}
	size = btf__resolve_size(btf, id);
	if (size < 0)
		return false;
	*field = (struct kernel_field){ true, bits / 8, (uint32_t)size, count };
	return true;
}

/* Rows of one structure stand together. */
static bool begins_structure(int row)
{
	return !row || strcmp(rows[row - 1].structure, rows[row].structure);
}

/* The structures of the rows, by the first row of each. */
struct wanted {
	int rows[MEMBER_COUNT];
	size_t count;
};

static void want_structures(struct wanted *wanted)
{
	*wanted = (struct wanted){ 0 };
	for (int i = 0; i < MEMBER_COUNT; i++)
		if (begins_structure(i))
			wanted->rows[wanted->count++] = i;
}

/* Those of these types that rows are looked for in; a structure that was found before stays. */
static void find_structures_in(const struct btf *btf, uint32_t from, uint32_t to,
			       const struct wanted *wanted, uint32_t ids[MEMBER_COUNT])
{
	for (uint32_t id = from; id < to; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_struct(type))
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		for (size_t i = 0; i < wanted->count; i++) {
			int row = wanted->rows[i];

			if (!ids[row] && !strcmp(name, rows[row].structure))
				ids[row] = id;
		}
	}
}

/*
 * The type of each row's structure, or 0, in one pass, as there are 100,000 types. Types that the
 * module has of its own go before those that vmlinux was compiled with.
 */
static void find_structures(const struct btf *btf, uint32_t ids[MEMBER_COUNT])
{
	const struct btf *base = btf__base_btf(btf);
	uint32_t own = base ? btf__type_cnt(base) : 1;
	struct wanted wanted;

	want_structures(&wanted);
	memset(ids, 0, MEMBER_COUNT * sizeof(ids[0]));
	find_structures_in(btf, own, btf__type_cnt(btf), &wanted, ids);
	find_structures_in(btf, 1, own, &wanted, ids);
	for (int i = 0; i < MEMBER_COUNT; i++)
		if (!begins_structure(i))
			ids[i] = ids[i - 1];
}

static uint32_t structure_size(const struct btf *btf, uint32_t id)
{
	int64_t size = id ? btf__resolve_size(btf, id) : 0;

	return size > 0 && size <= UINT32_MAX ? (uint32_t)size : 0;
}

static int find_members(const struct btf *btf, const uint32_t ids[MEMBER_COUNT],
			struct kernel_types *types, char why[SOURCE_WHY])
{
	for (int i = 0; i < MEMBER_COUNT; i++) {
		if ((ids[i] && find_path(btf, ids[i], rows[i].member, &types->members[i])) ||
		    !rows[i].must)
			continue;
		snprintf(why, SOURCE_WHY, "this kernel's BTF has no struct %s with member %s",
			 rows[i].structure, rows[i].member);
		return -ENOENT;
	}
	return 0;
}

static int resolve(const struct btf *btf, struct kernel_types *types, char why[SOURCE_WHY])
{
	const struct kernel_field *members = types->members;
	uint32_t ids[MEMBER_COUNT];
	int code;

	find_structures(btf, ids);
	code = find_members(btf, ids, types, why);
	if (code)
		return code;
	types->kvm_size = structure_size(btf, ids[MEMBER_KVM_VM_LIST]);
	types->slots_size = structure_size(btf, ids[MEMBER_SLOTS_GENERATION]);
	types->slot_size = structure_size(btf, ids[MEMBER_SLOT_BASE]);
	types->node_size = structure_size(btf, ids[MEMBER_NODE_BUSY]);
	if ((members[MEMBER_SLOTS_ARRAY].known && members[MEMBER_SLOTS_USED].known) ||
	    (members[MEMBER_SLOTS_TREE].known && members[MEMBER_SLOTS_INDEX].known &&
	     members[MEMBER_SLOT_NODE].known))
		return 0;
	snprintf(why, SOURCE_WHY, "this kernel keeps memslots neither in an array nor in a tree of "
		 "gfns: it is newer than this program");
	return -ENOTSUP;
}

/* libbpf would print to stderr what `why` says. */
static int be_quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static int no_btf(int code, char why[SOURCE_WHY])
{
	if (code == ENOENT || code == EACCES || code == EPERM || code == ENOMEM)
		return source_errno(why, code, FOLDER "/vmlinux");
	snprintf(why, SOURCE_WHY, FOLDER "/vmlinux: not BTF as this libbpf knows it: %s",
		 strerror(code));
	return -EINVAL;
}

int kernel_types_read(const char *root, struct kernel_types *types, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];
	struct btf *base, *kvm;
	int code;

	*types = (struct kernel_types){ 0 };
	libbpf_set_print(be_quiet);
	base = btf__parse_raw(source_path(path, root, FOLDER "/vmlinux"));
	if (!base)
		return no_btf(errno, why);
	/* NULL: KVM is built in, or the kernel is older than 5.11. */
	kvm = btf__parse_raw_split(source_path(path, root, FOLDER "/kvm"), base);
	code = resolve(kvm ? kvm : base, types, why);
	btf__free(kvm);
	btf__free(base);
	return code;
}

const char *kernel_types_library(void)
{
	return libbpf_version_string();
}

#else

const char *kernel_types_library(void)
{
	return NULL;
}

int kernel_types_read(const char *root, struct kernel_types *types, char why[SOURCE_WHY])
{
	(void)root;
	*types = (struct kernel_types){ 0 };
	snprintf(why, SOURCE_WHY, "this minivmm was built without libbpf, which reads the kernel's BTF");
	return -ENOTSUP;
}

#endif
