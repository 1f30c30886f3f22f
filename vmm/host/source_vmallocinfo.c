// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm/vmalloc.c, s_show() (vmalloc_info_show() since 6.9), one area per line:
 *
 *   0xBEGIN-0xEND SIZE FUNCTION+0xOFFSET/0xLENGTH [MODULE] pages=PAGES vmalloc vpages N0=PAGES
 *
 * SIZE has the guard page, PAGES has not. The addresses are hashed or (____ptrval____).
 * "unpurged vm_area" lines are freed already and name no function; ioremap and vmap
 * lines have no pages= of their own.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "host/source.h"

#define PATH "/proc/vmallocinfo"
#define PAGE_SHIFT 12
#define LINE 4096
#define SYMBOL 512		/* KSYM_NAME_LEN */
#define PAGES_MAX (1ull << 40)	/* x86 has 52 bits of physical addresses */

/* With their underscore: %pS prints the module's name, not the file's. */
static const char *const modules[] = { "[kvm]", "[kvm_amd]", "[kvm_intel]" };

/*
 * Where KVM is built in the symbol has no module. vmalloc() notes its return address, so
 * which of these it is depends on the version and on what the compiler inlined into what.
 */
static const char *const built_in[] = {
	/* rmaps */
	"memslot_rmap_alloc", "memslots_rmap_alloc_all", "alloc_all_memslots_rmaps",
	"alloc_memslot_rmap", "mmu_first_shadow_root_alloc", "mmu_alloc_shadow_roots",
	"kvm_mmu_load",
	/* lpage_info; on 5.10 rmaps too */
	"kvm_arch_prepare_memory_region", "kvm_alloc_memslot_metadata", "kvm_arch_create_memslot",
	/* write tracking */
	"kvm_page_track_create_memslot", "kvm_page_track_write_tracking_alloc",
	"kvm_enable_external_write_tracking",
	/* dirty bitmap */
	"kvm_set_memslot", "kvm_set_memory_region", "__kvm_set_memory_region",
	"kvm_vm_ioctl_set_memory_region", "kvm_alloc_dirty_bitmap", "kvm_prepare_memory_region",
	/* struct kvm, dirty rings, the page hash */
	"kvm_dev_ioctl", "kvm_create_vm", "kvm_dirty_ring_alloc", "kvm_mmu_alloc_page_hash",
};

/*
 * mm/util.c: KVM calls __vcalloc(), which calls __vmalloc_array() and so on. Each of these calls is
 * its function's last, and compiled as a jump, so that vmalloc() notes KVM's return address. A kernel
 * with frame pointers (CONFIG_UNWINDER_FRAME_POINTER) has calls there, and notes one of these
 * functions, whoever called it.
 */
static const char *const wrappers[] = {
	"__vmalloc_array", "__vmalloc_array_noprof", "vmalloc_array", "vmalloc_array_noprof",
	"__vcalloc", "__vcalloc_noprof", "vcalloc", "vcalloc_noprof",
};

enum owner { OWNER_OTHER, OWNER_KVM, OWNER_WRAPPER };

struct area {
	uint64_t size;			/* bytes, with the guard page */
	char function[SYMBOL];		/* "": it has no caller */
	enum owner owner;
};

static bool is_one_of(const char *text, size_t length, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == length && !memcmp(names[i], text, length))
			return true;
	return false;
}

#define IS_ONE_OF(text, length, names) \
	is_one_of(text, length, names, sizeof(names) / sizeof((names)[0]))

static enum owner owner_of(const char *function, const char *module)
{
	if (*module == '[')
		return IS_ONE_OF(module, strcspn(module, " \n"), modules) ? OWNER_KVM : OWNER_OTHER;
	if (IS_ONE_OF(function, strlen(function), built_in))
		return OWNER_KVM;
	return IS_ONE_OF(function, strlen(function), wrappers) ? OWNER_WRAPPER : OWNER_OTHER;
}

static void parse_caller(const char *text, struct area *area)
{
	size_t word = strcspn(text, " \n");
	/* C names have no dots: what follows one is GCC's ".isra.0", ".constprop.0", ".part.0". */
	size_t length = strcspn(text, ".+ \n");

	if (length == word || length >= sizeof(area->function))
		return;
	memcpy(area->function, text, length);
	area->function[length] = '\0';
	text += word;
	area->owner = owner_of(area->function, text + strspn(text, " "));
}

static int parse_line(const char *line, struct area *area)
{
	const char *text = line;

	area->function[0] = '\0';
	area->owner = OWNER_OTHER;
	if (strncmp(line, "0x", 2) && *line != '(')
		return -EINVAL;
	text += strcspn(text, " \n");
	text += strspn(text, " ");
	if (!source_number(&text, &area->size) || (*text != ' ' && *text != '\n'))
		return -EINVAL;
	if (*text == ' ')
		parse_caller(text + 1, area);
	return 0;
}

/* Other characters are in no symbol of C, and JSON refuses what is not UTF-8. */
static bool is_identifier(const char *name)
{
	while (isalnum((unsigned char)*name) || *name == '_' || *name == '$')
		name++;
	return !*name;
}

struct counts {
	struct tally kvm, wrapped;
	uint64_t left;		/* how many pages there can be besides those counted so far */
};

static int count_line(const char *line, struct counts *counts)
{
	static const char key[] = " pages=";
	struct area area;
	const char *text;
	uint64_t pages;
	int code = parse_line(line, &area);

	if (code || area.owner == OWNER_OTHER)
		return code;
	text = strstr(line, key);
	if (!text)
		return 0;
	text += sizeof(key) - 1;
	if (!source_number(&text, &pages) || pages > area.size >> PAGE_SHIFT ||
	    pages > counts->left || !is_identifier(area.function))
		return -EINVAL;
	counts->left -= pages;
	return tally_add(area.owner == OWNER_KVM ? &counts->kvm : &counts->wrapped, area.function,
			 pages, 1);
}

static int parse_lines(FILE *file, struct counts *counts)
{
	char line[LINE];
	bool any = false;
	int code = 0;

	while (!code && fgets(line, sizeof(line), file)) {
		/* Cut short, or too long to be one: what is missing could be its pages=. */
		if (!strchr(line, '\n'))
			return ferror(file) ? source_end(file) : -EINVAL;
		code = count_line(line, counts);
		any = true;
	}
	if (!code)
		code = source_end(file);
	/* A kernel always has areas: something masks a file that is empty. */
	return !code && !any ? -EINVAL : code;
}

int vmallocinfo_parse(FILE *file, struct tally *kvm, struct tally *wrapped)
{
	struct counts found = { .left = PAGES_MAX };
	int code = parse_lines(file, &found);

	if (code) {
		tally_free(&found.kvm);
		tally_free(&found.wrapped);
		return code;
	}
	tally_sort(&found.kvm);
	tally_sort(&found.wrapped);
	*kvm = found.kvm;
	*wrapped = found.wrapped;
	return 0;
}

int vmallocinfo_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	char buffer[SOURCE_BUFFER];
	FILE *file;
	int code = source_open(&file, sources->root, PATH, why);

	if (code)
		return code;
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	code = vmallocinfo_parse(file, &snapshot->vmalloc, &snapshot->wrapped);
	return source_close(file, PATH, code, why);
}

/* Sums by function, because areas of one function differ in size. */
static int add_entry(json_t *functions, const struct tally_entry *entry)
{
	const json_t *sum = json_object_get(functions, entry->function);
	json_int_t bytes = json_integer_value(json_object_get(sum, "bytes"));
	json_int_t areas = json_integer_value(json_object_get(sum, "areas"));

	bytes += (json_int_t)entry->pages * 4096 * entry->count;
	areas += entry->count;
	return json_object_set_new(functions, entry->function,
				   json_pack("{s:I, s:I}", "bytes", bytes, "areas", areas));
}

json_t *vmallocinfo_json(const struct snapshot *snapshot)
{
	const struct tally *tally = &snapshot->vmalloc;
	json_t *functions = json_object();

	for (size_t i = 0; functions && i < tally->count; i++) {
		if (add_entry(functions, &tally->entries[i])) {
			json_decref(functions);
			return NULL;
		}
	}
	return functions;
}
