// SPDX-License-Identifier: GPL-2.0-only
#include "config/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/ops.h"
#include "minivmm_abi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Code for all kinds reads these as struct named_cfg. */
#define BEGINS_AS_NAMED(type)                                                        \
	_Static_assert(offsetof(type, name) == offsetof(struct named_cfg, name) &&   \
		       offsetof(type, at) == offsetof(struct named_cfg, at), #type)
BEGINS_AS_NAMED(struct memslot_cfg);
BEGINS_AS_NAMED(struct phase_cfg);
BEGINS_AS_NAMED(struct worker_cfg);

#define NAMED(type, list, count) \
	sizeof(type), offsetof(struct config, list), offsetof(struct config, count)

static const struct section section_table[KIND_COUNT] = {
	[KIND_MINIVMM] = { "minivmm", "what this file is made of", 0, 0, 0 },
	[KIND_VM] = { "vm", "the virtual machine", 0, 0, 0 },
	[KIND_MEMSLOT] = { "memslot", "a slot of guest memory, or with count a row of equal slots",
			   NAMED(struct memslot_cfg, memslots, memslot_count) },
	[KIND_GUEST] = { "guest", "what runs in the VM", 0, 0, 0 },
	[KIND_PHASE] = { "phase", "a step of the run, in the order of the file",
			 NAMED(struct phase_cfg, phases, phase_count) },
	[KIND_WORKER] = { "worker", "what a stress phase runs side by side with the vCPUs",
			  NAMED(struct worker_cfg, workers, worker_count) },
	[KIND_EXPECT] = { "expect", "what the host is held to", 0, 0, 0 },
	[KIND_REPORT] = { "report", "what is measured", 0, 0, 0 },
	[KIND_SELFTEST] = { "selftest", "for tests of minivmm itself", 0, 0, 0 },
};

/* The longest time, so that deadlines can't overflow. */
#define YEAR (365ull * 24 * 3600 * 1000000000)

static const struct key_word vm_limit_words[] = { { "auto", 0 }, { 0 } };
static const struct key_word plugged_words[] = { { "size", -1 }, { 0 } };
static const struct key_word kind_words[] = { { "ram", SLOT_RAM }, { "device", SLOT_DEVICE }, { 0 } };
static const struct key_word stride_words[] = { { "size", 0 }, { 0 } };
static const struct key_word id_words[] = { { "next", -1 }, { 0 } };
static const struct key_word node_words[] = { { "any", -1 }, { 0 } };
static const struct key_word touch_words[] = { { "auto", -1 }, { 0 } };
static const struct key_word timeout_words[] = { { "vm.timeout", 0 }, { 0 } };
static const struct key_word space_words[] = {
	{ "normal", SPACE_NORMAL }, { "smm", SPACE_SMM }, { 0 }
};
static const struct key_word flag_words[] = {
	{ "readonly", SLOT_READONLY }, { "dirty-log", SLOT_DIRTY_LOG }, { 0 }
};
static const struct key_word backing_words[] = {
	{ "anon", BACKING_ANON }, { "memfd", BACKING_MEMFD },
	{ "hugetlb-2m", BACKING_HUGETLB_2M }, { "hugetlb-1g", BACKING_HUGETLB_1G },
	{ "file:PATH", BACKING_FILE }, { "guest-memfd", BACKING_GUEST_MEMFD }, { 0 }
};
static const struct key_word thp_words[] = {
	{ "default", THP_DEFAULT }, { "always", THP_ALWAYS }, { "never", THP_NEVER }, { 0 }
};
static const struct key_word payload_words[] = {
	{ "nested", PAYLOAD_NESTED }, { "linux", PAYLOAD_LINUX }, { "multiboot", PAYLOAD_MULTIBOOT }, { 0 }
};
static const struct key_word console_words[] = {
	{ "none", CONSOLE_NONE }, { "log", CONSOLE_LOG }, { "stdout", CONSOLE_STDOUT },
	{ "file:PATH", CONSOLE_FILE }, { 0 }
};
static const struct key_word until_words[] = {
	{ "auto", UNTIL_AUTO }, { "mark:NUMBER", UNTIL_MARK }, { "console:TEXT", UNTIL_CONSOLE },
	{ "exit", UNTIL_EXIT }, { "time:DURATION", UNTIL_TIME }, { 0 }
};
static const struct key_word status_words[] = { { "any", -1 }, { 0 } };
static const struct key_word do_words[] = {
	{ "boot", DO_BOOT }, { "l2", DO_L2 }, { "touch", DO_TOUCH }, { "stress", DO_STRESS },
	{ "slot-delete", DO_SLOT_DELETE }, { "slot-move", DO_SLOT_MOVE }, { "enable", DO_ENABLE },
	{ "failed-entry", DO_FAILED_ENTRY }, { "restore", DO_RESTORE },
	{ "dirty-log", DO_DIRTY_LOG }, { "discard", DO_DISCARD }, { "tables", DO_TABLES }, { "alias-counts", DO_ALIAS_COUNTS },
	{ "age", DO_AGE }, { "run", DO_RUN },
	{ 0 }
};
static const struct key_word duration_words[] = { { "auto", 0 }, { 0 } };
static const struct key_word iterations_words[] = { { "any", 0 }, { 0 } };
static const struct key_word fails_words[] = {
	{ "nothing", 0 }, { "enomem", ENOMEM }, { "enospc", ENOSPC }, { 0 }
};
static const struct key_word mmu_pages_words[] = { { "unchanged", 0 }, { 0 } };
static const struct key_word nested_pages_words[] = { { "large", NESTED_LARGE }, { "4K", NESTED_4K }, { 0 } };
static const struct key_word load_words[] = { { "l1", LOAD_L1 }, { "l2", LOAD_L2 }, { 0 } };
static const struct key_word protect_words[] = {
	{ "get", PROTECT_BY_GET }, { "manual", PROTECT_MANUAL },
	{ "initially-set", PROTECT_INITIALLY_SET }, { 0 }
};
#define ALL_HOWS "madvise,mmap,mprotect,thp,slot-delete,slot-move,reclaim"
static const struct key_word how_words[] = {
	{ "madvise", HOW_MADVISE }, { "mmap", HOW_MMAP }, { "mprotect", HOW_MPROTECT },
	{ "thp", HOW_THP }, { "slot-delete", HOW_SLOT_DELETE }, { "slot-move", HOW_SLOT_MOVE },
	{ "reclaim", HOW_RECLAIM }, { 0 }
};
static const struct key_word ring_words[] = { { "none", 0 }, { 0 } };
static const struct key_word vcpus_words[] = { { "vm.vcpus", 0 }, { 0 } };
static const struct key_word quirk_words[] = { { "slot-zap-all", QUIRK_SLOT_ZAP_ALL }, { 0 } };
static const struct key_word rate_words[] = { { "unlimited", 0 }, { 0 } };
static const struct key_word op_words[] = {
#define OP_WORD(id, name, ...) { name, OP_##id },
	WORKER_OPS(OP_WORD)
#undef OP_WORD
	{ 0 }
};
static const struct key_word phase_expect_words[] = {
	{ "nothing", EXPECT_NOTHING }, { "lazy", EXPECT_LAZY },
	{ "allocated", EXPECT_ALLOCATED }, { 0 }
};
static const struct key_word policy_words[] = {
	{ "lazy", POLICY_LAZY }, { "eager", POLICY_EAGER }, { "any", POLICY_ANY }, { 0 }
};
static const struct key_word source_words[] = {
	{ "all", SOURCES_ALL }, { "cheap", SOURCES_CHEAP }, { "log", SOURCES_LOG }, { 0 }
};
static const struct key_word break_words[] = {
	{ "nothing", BREAK_NOTHING },
#define BREAK_WORD(id, word) { word, BREAK_##id },
	ABI_BREAKS(BREAK_WORD)
#undef BREAK_WORD
	{ "wrong-model", BREAK_WRONG_MODEL }, { "wrong-tracking", BREAK_WRONG_TRACKING },
	{ "leak-vm", BREAK_LEAK_VM },
	{ "slot-fails", BREAK_SLOT_FAILS }, { "klog", BREAK_KLOG },
	{ "stuck-worker", BREAK_STUCK_WORKER },
	{ "no-fault", BREAK_NO_FAULT }, { "wrong-kept", BREAK_WRONG_KEPT },
	{ "log-misses", BREAK_LOG_MISSES }, { "stale-page", BREAK_STALE_PAGE }, { "unseen-access", BREAK_UNSEEN_ACCESS },
	{ "stays-small", BREAK_STAYS_SMALL }, { "untold-loss", BREAK_UNTOLD_LOSS },
	{ "denied-call", BREAK_DENIED_CALL }, { "console-full", BREAK_CONSOLE_FULL }, { 0 }
};

#define PAGE 4096
#define IMAGES (1u << PAYLOAD_LINUX | 1u << PAYLOAD_MULTIBOOT)	/* payloads that are files of the user's */
#define BUILT_IN (1u << PAYLOAD_NESTED)
#define STRESSES (1u << DO_STRESS)
#define GOES_ON (1u << DO_RUN | STRESSES)
#define OWNS_SLOT (1u << DO_DIRTY_LOG | 1u << DO_DISCARD | 1u << DO_AGE)
#define RUNS_L2 (1u << DO_L2 | 1u << DO_RESTORE | STRESSES | OWNS_SLOT)
#define IN_L2 (RUNS_L2 | 1u << DO_FAILED_ENTRY)
#define TOUCHES (RUNS_L2 | 1u << DO_TOUCH | 1u << DO_TABLES)
#define STRIDES (TOUCHES & ~(1u << DO_TABLES | 1u << DO_AGE))

#define VM(member) .kind = KIND_VM, .offset = offsetof(struct config, vm.member)
#define SLOT(member) .kind = KIND_MEMSLOT, .offset = offsetof(struct memslot_cfg, member)
#define PHASE(member) .kind = KIND_PHASE, .offset = offsetof(struct phase_cfg, member)
#define GUEST(member) .kind = KIND_GUEST, .offset = offsetof(struct config, guest.member)
#define WORKER(member) .kind = KIND_WORKER, .offset = offsetof(struct worker_cfg, member)

static const struct key key_table[] = {
	{ .kind = KIND_MINIVMM, .name = "include", .type = KEY_FILES,
	  .help = "files read before this one, which overrides them; relative to this file" },

	{ VM(vcpus), .name = "vcpus", .type = KEY_NUMBER, .initial = "1", .min = 1, .max = 1024,
	  .help = "virtual CPUs" },
	{ VM(device), .name = "device", .type = KEY_PATH, .initial = "/dev/kvm",
	  .help = "KVM's device; one that is not there: the layout is checked, nothing runs" },
	{ VM(nested), .name = "nested", .type = KEY_BOOL, .initial = "yes",
	  .help = "CPUID shows SVM or VMX, as the host has it" },
	{ VM(timeout), .name = "timeout", .type = KEY_DURATION, .initial = "60s", .min = 1, .max = YEAR,
	  .help = "how long a phase may take", .unit = "ns" },
	{ VM(kernel_memory_limit), .name = "kernel-memory-limit", .type = KEY_SIZE,
	  .initial = "auto", .words = vm_limit_words, .min = 1,
	  .help = "what the run may cost the kernel; auto: half of MemAvailable", .unit = "bytes" },
	{ VM(ignore_limits), .name = "ignore-limits", .type = KEY_BOOL, .initial = "no",
	  .help = "run although MemAvailable or a cgroup's limit is less than the run takes" },
	{ VM(dirty_ring), .name = "dirty-ring", .type = KEY_SIZE, .initial = "none",
	  .words = ring_words, .min = PAGE, .multiple = PAGE,
	  .help = "a ring of dirty pages per vCPU, a power of two, instead of bitmaps (5.11)",
	  .unit = "bytes" },
	{ VM(disable_quirks), .name = "disable-quirks", .type = KEY_FLAGS, .initial = "none",
	  .words = quirk_words,
	  .help = "slot-zap-all: deleting or moving a slot zaps its own pages only (6.12)" },

	{ SLOT(base), .name = "base", .type = KEY_SIZE, .required = true,
	  .help = "guest-physical address", .unit = "bytes" },
	{ SLOT(size), .name = "size", .type = KEY_SIZE, .required = true,
	  .help = "of each slot, up to 8 TiB - 4 KiB", .unit = "bytes" },
	{ SLOT(count), .name = "count", .type = KEY_NUMBER, .initial = "1", .min = 1, .max = 65536,
	  .help = "slots in the row" },
	{ SLOT(stride), .name = "stride", .type = KEY_SIZE, .initial = "size",
	  .words = stride_words, .min = 1,
	  .help = "between the bases of a row", .unit = "bytes" },
	{ SLOT(id), .name = "id", .type = KEY_NUMBER, .initial = "next", .words = id_words,
	  .max = 65535, .help = "KVM's slot id, of a row its first; next: the lowest free ones" },
	{ SLOT(space), .name = "space", .type = KEY_ENUM, .initial = "normal",
	  .words = space_words, .help = "KVM's address space" },
	{ SLOT(flags), .name = "flags", .type = KEY_FLAGS, .initial = "none",
	  .words = flag_words, .help = "KVM's slot flags" },
	{ SLOT(backing), .name = "backing", .type = KEY_ENUM, .initial = "anon",
	  .words = backing_words, .text = offsetof(struct memslot_cfg, path), .backed = true,
	  .help = "where the memory comes from" },
	{ SLOT(alias), .name = "alias", .type = KEY_NAME,
	  .help = "NAME of the memslot whose memory this one shows, too" },
	{ SLOT(alias_offset), .name = "alias-offset", .type = KEY_SIZE, .initial = "0",
	  .multiple = PAGE, .help = "where in that memory an alias begins", .unit = "bytes" },
	{ SLOT(kind), .name = "kind", .type = KEY_ENUM, .initial = "ram", .words = kind_words,
	  .backed = true,
	  .help = "device: a BAR or other memory that costs arrays and is not the guest's RAM" },
	{ SLOT(plugged), .name = "plugged", .type = KEY_SIZE, .initial = "size",
	  .words = plugged_words, .multiple = PAGE, .backed = true,
	  .help = "how much of each slot the guest has, as with virtio-mem; all of it costs arrays",
	  .unit = "bytes" },
	{ SLOT(thp), .name = "thp", .type = KEY_ENUM, .initial = "default", .words = thp_words,
	  .backed = true, .help = "transparent huge pages" },
	{ SLOT(populate), .name = "populate", .type = KEY_BOOL, .initial = "no", .backed = true,
	  .help = "allocate the memory before the guest runs" },
	{ SLOT(node), .name = "node", .type = KEY_NUMBER, .initial = "any", .words = node_words,
	  .max = 1023, .backed = true, .help = "NUMA node the memory is bound to" },

	{ GUEST(payload), .name = "payload", .type = KEY_ENUM, .initial = "nested",
	  .words = payload_words,
	  .help = "nested: an L1 hypervisor that is built in; linux, multiboot: kernel" },
	{ GUEST(tables), .name = "tables", .type = KEY_NAME, .with_payload = 1u << PAYLOAD_NESTED,
	  .help = "NAME of a memslot for L1's NPT/EPT tables alone; default: with the payload" },
	{ GUEST(kernel), .name = "kernel", .type = KEY_PATH, .with_payload = IMAGES,
	  .help = "file: a bzImage, a vmlinux with a PVH entry; an ELF32 with a multiboot header" },
	{ GUEST(initrd), .name = "initrd", .type = KEY_PATH, .with_payload = 1u << PAYLOAD_LINUX,
	  .help = "file of the initramfs" },
	{ GUEST(args), .name = "args", .type = KEY_LINE, .with_payload = IMAGES,
	  .help = "the kernel's command line" },
	{ GUEST(environment), .name = "environment", .type = KEY_LINE,
	  .with_payload = 1u << PAYLOAD_MULTIBOOT,
	  .help = "NAME=VALUE ...: what the kernel is told beside NR_CPUS, MEMSIZE and others" },
	{ GUEST(console), .name = "console", .type = KEY_ENUM, .initial = "log",
	  .words = console_words, .text = offsetof(struct config, guest.console_path),
	  .with_payload = IMAGES,
	  .help = "where its first serial port goes; log: its last lines are in the report" },

	{ PHASE(what), .name = "do", .type = KEY_ENUM, .required = true, .words = do_words,
	  .help = "boot; l2, restore: L2 runs; touch: L1 does; run: the kernel goes on; others" },
	{ PHASE(expect), .name = "expect", .type = KEY_ENUM, .initial = "nothing",
	  .words = phase_expect_words, .help = "state of the rmaps at the end of the phase" },
	{ PHASE(nested_paging), .name = "nested-paging", .type = KEY_BOOL, .initial = "yes",
	  .with_do = IN_L2, .with_payload = BUILT_IN, .help = "L2 runs under NPT/EPT" },
	{ PHASE(nested_pages), .name = "nested-pages", .type = KEY_ENUM, .initial = "large",
	  .words = nested_pages_words, .with_do = RUNS_L2 | 1u << DO_TABLES, .with_payload = BUILT_IN,
	  .help = "what L1's NPT/EPT tables map L2's memory by: the largest pages, or 4K" },
	{ PHASE(own_tables), .name = "own-tables", .type = KEY_BOOL, .initial = "no",
	  .with_do = 1u << DO_L2, .with_payload = BUILT_IN,
	  .help = "each vCPU's L2 has nested tables of its own: KVM has a shadow root for each" },
	{ PHASE(touch), .name = "touch", .type = KEY_SIZE, .initial = "auto", .words = touch_words,
	  .multiple = PAGE, .with_do = TOUCHES, .with_payload = BUILT_IN,
	  .help = "memory to write to; auto: touch, stress 64M, slot's own phases 1M, else 0",
	  .unit = "bytes" },
	{ PHASE(stride), .name = "stride", .type = KEY_SIZE, .initial = "4K", .min = PAGE,
	  .multiple = PAGE, .with_do = STRIDES, .with_payload = BUILT_IN,
	  .help = "between the pages written", .unit = "bytes" },
	{ PHASE(pattern), .name = "pattern", .type = KEY_HEX, .initial = "0x6d696e69766d6d00",
	  .with_do = TOUCHES | 1u << DO_ALIAS_COUNTS, .with_payload = BUILT_IN,
	  .help = "what is written to a page, plus its address and what differs in each pass" },
	{ PHASE(slot), .name = "slot", .type = KEY_NAME,
	  .with_do = TOUCHES | 1u << DO_SLOT_DELETE | 1u << DO_SLOT_MOVE | 1u << DO_ALIAS_COUNTS,
	  .help = "NAME of the memslot where the writing begins, or that is deleted or moved" },
	{ PHASE(timeout), .name = "timeout", .type = KEY_DURATION, .initial = "vm.timeout",
	  .words = timeout_words, .min = 1, .max = YEAR, .unit = "ns",
	  .help = "how long the phase may take, beyond its duration" },
	{ PHASE(duration), .name = "duration", .type = KEY_DURATION, .initial = "auto",
	  .words = duration_words, .min = 1, .max = YEAR, .with_do = STRESSES | 1u << DO_DIRTY_LOG,
	  .unit = "ns",
	  .help = "auto: of stress 10s, unless something else ends it; of a dirty log 200ms" },
	{ PHASE(iterations), .name = "iterations", .type = KEY_NUMBER, .initial = "any",
	  .words = iterations_words, .min = 1, .with_do = STRESSES,
	  .help = "rounds of each worker's thread" },
	{ PHASE(fails), .name = "fails", .type = KEY_ENUM, .initial = "nothing",
	  .words = fails_words, .with_do = 1u << DO_L2,
	  .help = "enomem, enospc: KVM_RUN must fail so, and is called again in the next phase" },
	{ PHASE(mmu_pages), .name = "mmu-pages", .type = KEY_NUMBER, .initial = "unchanged",
	  .words = mmu_pages_words, .min = 64, .max = UINT32_MAX,
	  .help = "shadow pages that KVM may have from this phase on (KVM_SET_NR_MMU_PAGES)" },
	{ PHASE(load), .name = "load", .type = KEY_ENUM, .initial = "l1", .words = load_words,
	  .with_do = STRESSES | OWNS_SLOT, .with_payload = BUILT_IN,
	  .help = "who writes: L1, or L2 that it runs" },
	{ PHASE(protect), .name = "protect", .type = KEY_ENUM, .initial = "get",
	  .words = protect_words, .with_do = 1u << DO_DIRTY_LOG | STRESSES,
	  .help = "what has KVM log a page anew: getting the log, or clearing it (manual)" },
	{ PHASE(aliases), .name = "aliases", .type = KEY_BOOL, .initial = "no",
	  .with_do = 1u << DO_DIRTY_LOG, .with_payload = BUILT_IN,
	  .help = "L2 has 31 pages at 1 to 31 addresses each, and writes each page by one" },
	{ PHASE(how), .name = "how", .type = KEY_FLAGS, .initial = ALL_HOWS, .words = how_words,
	  .with_do = 1u << DO_DISCARD, .help = "in which ways the memory is taken back" },
	{ PHASE(live), .name = "live", .type = KEY_BOOL, .initial = "no", .with_do = 1u << DO_DISCARD,
	  .help = "the guest goes on writing meanwhile, again and again" },

	{ PHASE(until), .name = "until", .type = KEY_ENUM, .initial = "auto", .words = until_words,
	  .text = offsetof(struct phase_cfg, until_text), .with_do = GOES_ON, .with_payload = IMAGES,
	  .help = "what ends the phase; auto: the end of its command or its workers, else exit" },
	{ PHASE(command), .name = "command", .type = KEY_LINE, .with_do = GOES_ON,
	  .with_payload = IMAGES,
	  .help = "run by the guest's /bin/sh, which minivmm's agent in the initramfs starts" },
	{ PHASE(status), .name = "status", .type = KEY_NUMBER, .initial = "0",
	  .words = status_words, .max = 255, .with_do = GOES_ON, .with_payload = IMAGES,
	  .help = "the exit status that the command or, until = exit, the guest must have" },

	{ PHASE(vms), .name = "vms", .type = KEY_NUMBER, .initial = "1", .min = 1, .max = 1000,
	  .with_do = STRESSES, .with_payload = BUILT_IN,
	  .help = "VMs that are stressed: this one, and others like it that live for the phase" },
	{ PHASE(vcpus), .name = "vcpus", .type = KEY_NUMBER, .initial = "vm.vcpus",
	  .words = vcpus_words, .min = 1, .max = 1024, .with_do = STRESSES, .with_payload = BUILT_IN,
	  .help = "of each of the other VMs" },

	{ WORKER(op), .name = "op", .type = KEY_ENUM, .required = true, .words = op_words,
	  .help = "what it does, round by round: see `minivmm list ops -v`" },
	{ WORKER(slot), .name = "slot", .type = KEY_NAME,
	  .help = "NAME of the memslot it works on; of a row any slot" },
	{ WORKER(rate), .name = "rate", .type = KEY_RATE, .initial = "unlimited",
	  .words = rate_words, .min = 1, .help = "rounds of each thread, as in 200/s" },
	{ WORKER(threads), .name = "threads", .type = KEY_NUMBER, .initial = "1", .min = 1,
	  .max = 1024, .help = "that do the same" },
	{ WORKER(first_round), .name = "first-round", .type = KEY_NUMBER, .initial = "0",
	  .help = "number of its first round, which chooses what is random in it: to replay one" },

	{ .kind = KIND_EXPECT, .offset = offsetof(struct config, expect.policy), .name = "policy",
	  .type = KEY_ENUM, .initial = "lazy", .words = policy_words,
	  .help = "when rmaps are made: lazy, at the first nested guest; eager, with the slot" },

	{ .kind = KIND_REPORT, .offset = offsetof(struct config, report.sources),
	  .name = "sources", .type = KEY_ENUM, .initial = "all", .words = source_words,
	  .help = "cheap: no long table of the kernel, no counters twice; log: its log alone" },

	{ .kind = KIND_SELFTEST, .offset = offsetof(struct config, selftest.break_what),
	  .name = "break", .type = KEY_ENUM, .initial = "nothing", .words = break_words,
	  .help = "what goes wrong on purpose, so that a check is seen to fail" },
};

const struct key *keys(size_t *count)
{
	*count = COUNT(key_table);
	return key_table;
}

const struct section *sections(size_t *count)
{
	*count = KIND_COUNT;
	return section_table;
}

const struct key *key_find(enum section_kind kind, const char *name)
{
	for (size_t i = 0; i < COUNT(key_table); i++)
		if (key_table[i].kind == kind && !strcmp(key_table[i].name, name))
			return &key_table[i];
	return NULL;
}

void *config_object(const struct config *config, enum section_kind kind, size_t index)
{
	const struct section *section = &section_table[kind];
	const char *base = (const char *)config;
	size_t count = 1;
	char *list = (char *)config;

	if (section->size) {
		memcpy(&count, base + section->count, sizeof(count));
		memcpy(&list, base + section->list, sizeof(list));
	}
	return index < count ? list + index * section->size : NULL;
}

char *key_values(const struct key *key, char buffer[KEY_TEXT])
{
	static const char *const types[] = {
		[KEY_NUMBER] = "NUMBER", [KEY_HEX] = "NUMBER", [KEY_SIZE] = "SIZE",
		[KEY_DURATION] = "DURATION", [KEY_RATE] = "NUMBER/s", [KEY_BOOL] = "yes|no", [KEY_NAME] = "NAME",
		[KEY_PATH] = "PATH", [KEY_LINE] = "TEXT",
		[KEY_FILES] = "FILE,...", [KEY_FLAGS] = "none", [KEY_ENUM] = "",
	};
	size_t length = (size_t)snprintf(buffer, KEY_TEXT, "%s", types[key->type]);

	for (const struct key_word *word = key->words; word && word->name; word++) {
		const char *join = key->type == KEY_FLAGS && word > key->words ? "," : "|";

		if (length >= KEY_TEXT)
			break;
		length += (size_t)snprintf(buffer + length, KEY_TEXT - length, "%s%s",
					   length ? join : "", word->name);
	}
	return buffer;
}

static const char *word_name(const struct key_word *words, int64_t value)
{
	for (; words->name; words++)
		if (words->value == value)
			return words->name;
	return "?";
}

const char *phase_do_name(int what)
{
	return word_name(do_words, what);
}

const char *payload_name(int payload)
{
	return word_name(payload_words, payload);
}

const char *phase_expect_name(int expect)
{
	return word_name(phase_expect_words, expect);
}

const char *rmap_policy_name(int policy)
{
	return word_name(policy_words, policy);
}

const char *selftest_break_name(int break_what)
{
	return word_name(break_words, break_what);
}

const char *slot_backing_name(int backing)
{
	return backing == BACKING_FILE ? "file" : word_name(backing_words, backing);
}
