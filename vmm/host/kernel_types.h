/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the members of the kernel's structures lie, by its BTF (/sys/kernel/btf). BTF is what the
 * running kernel was compiled with, so no offset and no version stands in this program.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "host/snapshot.h"

/* id, structure, member, must every kernel have it */
#define KERNEL_MEMBERS(X)                                                                      \
	X(KVM_VM_LIST, "kvm", "vm_list", true)                                                 \
	X(KVM_USERS, "kvm", "users_count", true)                                               \
	X(KVM_PID, "kvm", "userspace_pid", true)                                               \
	X(KVM_STATS_ID, "kvm", "stats_id", false)           /* 5.14 */                         \
	X(KVM_DENTRY, "kvm", "debugfs_dentry", true)                                           \
	X(KVM_MM, "kvm", "mm", true)                                                           \
	X(KVM_MEMSLOTS, "kvm", "memslots", true)                                               \
	X(KVM_PAGES, "kvm", "nr_memslot_pages", false)      /* 5.17 */                         \
	X(KVM_VCPUS, "kvm", "created_vcpus", true)                                             \
	X(DENTRY_NAME, "dentry", "d_name.name", true)                                          \
	X(MM_OWNER, "mm_struct", "owner", false)            /* CONFIG_MEMCG */                 \
	X(TASK_TGID, "task_struct", "tgid", true)                                              \
	X(TASK_FILES, "task_struct", "files", false)        /* what lies behind a descriptor */ \
	X(FILES_TABLE, "files_struct", "fdt", false)                                           \
	X(TABLE_FILES, "fdtable", "fd", false)                                                 \
	X(FILE_DATA, "file", "private_data", false)                                            \
	X(SLOTS_GENERATION, "kvm_memslots", "generation", true)                                \
	X(SLOTS_USED, "kvm_memslots", "used_slots", false)  /* an array up to 5.16 ... */      \
	X(SLOTS_ARRAY, "kvm_memslots", "memslots", false)                                      \
	X(SLOTS_TREE, "kvm_memslots", "gfn_tree.rb_node", false) /* ... then a tree of gfns */ \
	X(SLOTS_INDEX, "kvm_memslots", "node_idx", false)                                      \
	X(SLOT_NODE, "kvm_memory_slot", "gfn_node", false)                                     \
	X(SLOT_BASE, "kvm_memory_slot", "base_gfn", true)                                      \
	X(SLOT_NPAGES, "kvm_memory_slot", "npages", true)                                      \
	X(SLOT_HVA, "kvm_memory_slot", "userspace_addr", true)                                 \
	X(SLOT_FLAGS, "kvm_memory_slot", "flags", true)                                        \
	X(SLOT_ID, "kvm_memory_slot", "id", true)                                              \
	X(SLOT_AS_ID, "kvm_memory_slot", "as_id", false)    /* 5.13 */                         \
	X(SLOT_BITMAP, "kvm_memory_slot", "dirty_bitmap", true)                                \
	X(SLOT_RMAP, "kvm_memory_slot", "arch.rmap", true)                                     \
	X(SLOT_LPAGE, "kvm_memory_slot", "arch.lpage_info", true)                              \
	X(SLOT_TRACK, "kvm_memory_slot", "arch.gfn_track", false)                              \
	X(SLOT_WRITE_TRACK, "kvm_memory_slot", "arch.gfn_write_track", false) /* 6.5 */        \
	X(AREA_LIST, "vmap_area", "list", false)                                               \
	X(AREA_VM, "vmap_area", "vm", false)                                                   \
	X(AREA_START, "vmap_area", "va_start", false)                                          \
	X(VM_ADDR, "vm_struct", "addr", false)                                                 \
	X(VM_PAGES, "vm_struct", "pages", false)                                               \
	X(VM_NR_PAGES, "vm_struct", "nr_pages", false)                                         \
	X(NODE_BUSY, "vmap_node", "busy.head", false)       /* 6.9 */                          \
	X(MODULE_KALLSYMS, "module", "kallsyms", false)                                        \
	X(SYMBOLS_TABLE, "mod_kallsyms", "symtab", false)                                      \
	X(SYMBOLS_COUNT, "mod_kallsyms", "num_symtab", false)                                  \
	X(SYMBOLS_NAMES, "mod_kallsyms", "strtab", false)

enum kernel_member {
#define MEMBER_ENUM(id, structure, member, must) MEMBER_##id,
	KERNEL_MEMBERS(MEMBER_ENUM)
#undef MEMBER_ENUM
	MEMBER_COUNT
};

struct kernel_field {
	bool known;
	uint32_t offset;
	uint32_t size, count;	/* of one element, in bytes; elements of an array, else 1 */
};

struct kernel_types {
	uint32_t kvm_size, slots_size, slot_size, node_size; /* node_size: 0 before 6.9 */
	struct kernel_field members[MEMBER_COUNT];
};

/* The version of the library that reads BTF; NULL: this program was built without. */
const char *kernel_types_library(void);
/* 0, or -errno with what is missing in why; -ENOTSUP where minivmm was built without libbpf. */
int kernel_types_read(const char *root, struct kernel_types *types, char why[SOURCE_WHY]);

/* The element of a member, from a copy of its structure: at most 8 bytes, little endian. 0: no such member. */
uint64_t kernel_value(const struct kernel_types *types, const void *copy, enum kernel_member member,
		      uint32_t index);

#endif
