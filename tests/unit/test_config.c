// SPDX-License-Identifier: GPL-2.0-only
/* A config means what it says, or every reason why not is told at once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/keys.h"
#include "config/layout.h"

#define SLOT "[memslot.low]\nbase = 0\nsize = 1G\n"
#define BOOT "[phase.boot]\ndo = boot\n"

static char top[PATH_MAX];		/* of the source tree */
static char scratch[] = "/tmp/minivmm-test-config.XXXXXX"; /* the working directory of most tests */

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int load(const char *path, const char *const *overrides, struct config *config,
		struct errors *errors)
{
	size_t count = 0;

	while (overrides && overrides[count])
		count++;
	*errors = (struct errors){ 0 };
	return config_load(path, (char *const *)overrides, count, config, errors);
}

static void load_good(const char *path, const char *const *overrides, struct config *config)
{
	struct errors errors;
	int code = load(path, overrides, config, &errors);

	if (errors.count)
		fail_msg("%s", errors.lines[0]);
	assert_int_equal(code, 0);
}

/* text must be refused with these lines, NULL-terminated, and nothing may be left of it. */
static void expect_errors(const char *path, const char *const *overrides, int code,
			  const char *const *lines)
{
	static const struct config empty;
	struct config config;
	struct errors errors;

	assert_int_equal(load(path, overrides, &config, &errors), code);
	for (size_t i = 0; i < errors.count && lines[i]; i++)
		assert_string_equal(errors.lines[i], lines[i]);
	for (size_t i = 0; i < errors.count; i++)
		assert_non_null(lines[i]);
	assert_null(lines[errors.count]);
	assert_memory_equal(&config, &empty, sizeof(config));
	errors_free(&errors);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void reads_the_shipped_transition(void **state)
{
	char path[PATH_MAX + 32];
	struct config config;

	(void)state;
	snprintf(path, sizeof(path), "%s/configs/transition.ini", top);
	load_good(path, NULL, &config);
	assert_int_equal(config.vm.vcpus, 1);
	assert_int_equal(config.vm.timeout, 60000000000);
	assert_int_equal(config.vm.kernel_memory_limit, 0);
	assert_int_equal(config.memslot_count, 2);
	assert_string_equal(config.memslots[1].name, "high");
	assert_int_equal(config.memslots[1].at.line, 9);
	assert_string_equal(config.memslots[1].at.file, path);
	assert_int_equal(config.memslots[1].base, 4ull << 30);
	assert_int_equal(config.memslots[1].size, 61ull << 30);
	assert_int_equal(config.memslots[1].stride, 61ull << 30);
	assert_int_equal(config.memslots[1].count, 1);
	assert_int_equal(config.memslots[1].id, -1);
	assert_int_equal(config.memslots[1].node, -1);
	assert_null(config.memslots[1].alias);
	assert_int_equal(config.phase_count, 3);
	assert_string_equal(config.phases[0].name, "boot");
	assert_int_equal(config.phases[0].what, DO_BOOT);
	assert_int_equal(config.phases[0].expect, EXPECT_LAZY);
	assert_false(config.phases[1].nested_paging);
	assert_true(config.phases[2].nested_paging);
	assert_int_equal(config.phases[2].touch, 64 << 20);
	assert_int_equal(config.phases[2].stride, 4096);
	assert_int_equal(config.phases[2].pattern, 0x6d696e69766d6d00);
	assert_int_equal(config.phases[2].expect, EXPECT_ALLOCATED);
	config_free(&config);
}

static void assert_shown(enum section_kind kind, const char *key, const void *object,
			 const char *text)
{
	char *shown = key_format(key_find(kind, key), object);

	assert_string_equal(shown, text);
	free(shown);
}

static void reads_every_key(void **state)
{
	struct config config;
	const struct memslot_cfg *slot;
	const struct phase_cfg *phase;

	(void)state;
	write_file("all.ini",
		   "[vm]\nvcpus = 0x10\ntimeout = 500ms\nkernel-memory-limit = 2G\n" SLOT
		   "[memslot.row.a-b_1]\nbase=8G\nsize=2M\ncount=3\nstride=4M\nid=7\nspace=smm\n"
		   "flags = readonly , dirty-log\nbacking = \"file:/tmp/a;b #c\"\nthp=always\n"
		   "populate=YES\nnode=1\nplugged=1M\n"
		   "[memslot.bar]\nbase = 32G\nsize = 1G\nkind = device\n"
		   "[memslot.empty]\nbase = 33G\nsize = 1G\nplugged = 0\n"
		   "[memslot.window]\nbase = 16G\nsize = 512M\nalias = low\nalias-offset = 512M\n"
		   "[guest]\npayload = nested\n"
		   "[phase.touch]\ndo = touch\nexpect = nothing\nstride = 8K\npattern = 255\n"
		   "slot = window\ntimeout = 2\n"
		   "[expect]\npolicy = eager\n[report]\nsources = cheap\n"
		   "[selftest]\nbreak = triple-fault\n");
	load_good("all.ini", NULL, &config);
	slot = &config.memslots[1];
	phase = &config.phases[0];
	assert_int_equal(config.vm.vcpus, 16);
	assert_int_equal(config.vm.timeout, 500000000);
	assert_int_equal(config.vm.kernel_memory_limit, 2ull << 30);
	assert_string_equal(slot->name, "row.a-b_1");
	assert_int_equal(slot->count, 3);
	assert_int_equal(slot->stride, 4 << 20);
	assert_int_equal(slot->id, 7);
	assert_int_equal(slot->space, SPACE_SMM);
	assert_int_equal(slot->flags, SLOT_READONLY | SLOT_DIRTY_LOG);
	assert_int_equal(slot->backing, BACKING_FILE);
	assert_string_equal(slot->path, "/tmp/a;b #c");
	assert_int_equal(slot->thp, THP_ALWAYS);
	assert_true(slot->populate);
	assert_int_equal(slot->node, 1);
	assert_int_equal(slot->kind, SLOT_RAM);
	assert_int_equal(slot->plugged, 1 << 20);
	assert_int_equal(config.memslots[0].plugged, 1 << 30);
	assert_int_equal(config.memslots[2].kind, SLOT_DEVICE);
	assert_int_equal(config.memslots[2].plugged, 1 << 30);
	assert_int_equal(config.memslots[3].plugged, 0);
	assert_string_equal(config.memslots[4].alias, "low");
	assert_int_equal(config.memslots[4].alias_offset, 512 << 20);
	assert_int_equal(phase->touch, 64 << 20);
	assert_int_equal(phase->stride, 8192);
	assert_int_equal(phase->pattern, 255);
	assert_string_equal(phase->slot, "window");
	assert_int_equal(phase->timeout, 2000000000);
	assert_int_equal(config.expect.policy, POLICY_EAGER);
	assert_int_equal(config.report.sources, SOURCES_CHEAP);
	assert_int_equal(config.selftest.break_what, BREAK_TRIPLE_FAULT);

	assert_shown(KIND_VM, "timeout", &config, "500ms");
	assert_shown(KIND_MEMSLOT, "flags", slot, "readonly,dirty-log");
	assert_shown(KIND_MEMSLOT, "backing", slot, "file:/tmp/a;b #c");
	assert_shown(KIND_MEMSLOT, "id", slot, "7");
	assert_shown(KIND_MEMSLOT, "alias", slot, "");
	assert_shown(KIND_PHASE, "pattern", phase, "0xff");
	assert_shown(KIND_PHASE, "nested-paging", phase, "yes");
	config_free(&config);
}

static void reads_ini_as_iniparser_does(void **state)
{
	struct config config;

	(void)state;
	write_file("style.ini",
		   "# comment\r\n   [ vm ]   \r\nvcpus=2 #comment\n"
		   "\ttimeout = \\\n   5s ; joined\n\n" SLOT
		   "backing = 'file:/tmp/x y'   # quoted\n" BOOT "timeout = \"7s\"");
	load_good("style.ini", NULL, &config);
	assert_int_equal(config.vm.vcpus, 2);
	assert_int_equal(config.vm.timeout, 5000000000);
	assert_string_equal(config.memslots[0].path, "/tmp/x y");
	assert_int_equal(config.phases[0].timeout, 7000000000);
	config_free(&config);
}

static void includes_are_overridden(void **state)
{
	struct config config;

	(void)state;
	assert_int_equal(mkdir("sub", 0755), 0);
	write_file("sub/base.ini", "[vm]\nvcpus = 1\ntimeout = 1s\n" SLOT BOOT
		   "[phase.l2]\ndo = l2\n");
	write_file("sub/left.ini", "[minivmm]\ninclude = base.ini\n[vm]\nvcpus = 2\n");
	write_file("sub/right.ini", "[minivmm]\ninclude = base.ini\n[vm]\ntimeout = 3s\n");
	write_file("main.ini", "[phase.first]\ndo = boot\n[phase.l2]\ntouch = 4K\n[memslot.low]\n"
		   "size = 2G\n[minivmm]\ninclude = sub/left.ini , sub/right.ini\n");
	load_good("main.ini", NULL, &config);
	/* base.ini is read once: right.ini's mention of it does not undo left.ini. */
	assert_int_equal(config.vm.vcpus, 2);
	assert_int_equal(config.vm.timeout, 3000000000);
	assert_int_equal(config.memslot_count, 1);
	assert_int_equal(config.memslots[0].size, 2ull << 30);
	assert_int_equal(config.memslots[0].stride, 2ull << 30);
	/* The order of first appearance. */
	assert_int_equal(config.phase_count, 3);
	assert_string_equal(config.phases[0].name, "boot");
	assert_string_equal(config.phases[1].name, "l2");
	assert_int_equal(config.phases[1].touch, 4096);
	assert_string_equal(config.phases[2].name, "first");
	config_free(&config);
}

static void tells_where_a_key_was_said(void **state)
{
	struct config config;
	struct origin at;

	(void)state;
	write_file("where-base.ini", SLOT BOOT);
	write_file("where.ini", "[minivmm]\ninclude = where-base.ini\n[memslot.low]\nsize = 2G\n");
	load_good("where.ini", LINES("vm.vcpus=2"), &config);
	at = config_where(&config, "memslot", "low", "size");
	assert_string_equal(at.file, "where.ini");
	assert_int_equal(at.line, 4);
	at = config_where(&config, "memslot", "low", "base");
	assert_string_equal(at.file, "where-base.ini");
	assert_int_equal(at.line, 2);
	at = config_where(&config, "memslot", "low", "flags");
	assert_int_equal(at.line, 1);
	at = config_where(&config, "vm", NULL, "vcpus");
	assert_string_equal(at.file, "command line");
	assert_int_equal(at.line, 0);
	assert_null(config_where(&config, "memslot", "high", "base").file);
	config_free(&config);
	assert_null(config_where(&config, "memslot", "low", "base").file);
}

static void the_command_line_has_the_last_word(void **state)
{
	struct config config;

	(void)state;
	write_file("plain.ini", SLOT BOOT);
	load_good("plain.ini",
		  LINES("vm.vcpus=2", "memslot.a.b.base=4G", "memslot.a.b.size=1T", "vm.vcpus=3",
			"memslot.low.backing=file:/tmp/a=b;c", "phase.boot.expect=lazy",
			"expect.policy=any", "phase.more.do=l2"), &config);
	assert_int_equal(config.vm.vcpus, 3);
	assert_int_equal(config.memslot_count, 2);
	assert_string_equal(config.memslots[1].name, "a.b");
	assert_int_equal(config.memslots[1].size, 1ull << 40);
	assert_string_equal(config.memslots[0].path, "/tmp/a=b;c");
	assert_int_equal(config.phases[0].expect, EXPECT_LAZY);
	assert_string_equal(config.phases[1].name, "more");
	assert_int_equal(config.expect.policy, POLICY_ANY);
	config_free(&config);

	expect_errors("plain.ini",
		      LINES("vcpus=2", "vm.vcpus", "vm.=1", ".x=1", "memslot:a.base=0",
			    "minivmm.include=a.ini", "vm.vcpu=1", "vm.timeout=", "memslt.x.base=1",
			    "memslot.x.base=1G", "memslot.low.size=1g\x1b"), -EINVAL,
		      LINES("command line: vcpus=2: an override is SECTION.KEY=VALUE",
			    "command line: vm.vcpus: an override is SECTION.KEY=VALUE",
			    "command line: vm.=1: an override is SECTION.KEY=VALUE",
			    "command line: .x=1: an override is SECTION.KEY=VALUE",
			    "command line: memslot:a.base=0: ':' can't be in a name",
			    "command line: minivmm.include=a.ini: an include must be in a file",
			    "command line: memslt.x: no such section; did you mean memslot.x?",
			    "command line: memslot.low.size: 1g\\x1b: must be a whole number of "
			    "bytes, or with K, M, G, T or P: 4096, 0x1000, 3G, 3 GiB",
			    "command line: vm.vcpu: 1: no such key; did you mean vcpus?",
			    "command line: vm.timeout: no value",
			    "command line: memslot.x.size: is missing"));
	/* A name that is near to one of the config's was meant to be that. */
	write_file("high.ini", SLOT "[memslot.high]\nbase = 4G\nsize = 1G\n" BOOT);
	expect_errors("high.ini",
		      LINES("memslot.hihg.size=1T", "phase.bot.expect=lazy", "worker.boot.rate=1/s"),
		      -EINVAL,
		      LINES("command line: memslot.hihg: no memslot hihg; did you mean high?",
			    "command line: phase.bot: no phase bot; did you mean boot?",
			    "command line: worker.boot.op: is missing",
			    "command line: worker.boot: no phase with do = stress runs it"));
	/* It may still be a new one, if it has all that it needs. */
	load_good("high.ini", LINES("memslot.hihg.size=1G", "memslot.hihg.base=8G"), &config);
	assert_int_equal(config.memslot_count, 3);
	config_free(&config);
}

static void standard_input_is_a_file_like_others(void **state)
{
	struct config config;
	static const char text[] = "[minivmm]\ninclude = piped.ini\n" BOOT;
	int saved = dup(STDIN_FILENO), file, ends[2];

	(void)state;
	write_file("piped.ini", SLOT);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	load_good("-", NULL, &config);
	assert_string_equal(config.phases[0].at.file, "<stdin>");
	assert_int_equal(config.phases[0].at.line, 3);
	assert_string_equal(config.memslots[0].at.file, "piped.ini");
	config_free(&config);

	write_file("stdin.ini", BOOT "x = 1\n");
	file = open("stdin.ini", O_RDONLY);
	dup2(file, STDIN_FILENO);
	close(file);
	expect_errors("-", NULL, -EINVAL,
		      LINES("<stdin>:1: memslot: there is no [memslot.NAME]: a VM needs memory",
			    "<stdin>:3: phase.boot.x: 1: no such key; there is: do expect "
			    "nested-paging nested-pages own-tables touch stride pattern slot timeout duration iterations fails mmu-pages load protect aliases how live until command status vms vcpus"));
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void a_file_that_can_not_be_read_says_why(void **state)
{
	(void)state;
	expect_errors("none.ini", LINES("vm.x=1"), -ENOENT,
		      LINES("none.ini: No such file or directory"));
	expect_errors(".", NULL, -EISDIR, LINES(".: Is a directory"));
	expect_errors("/dev/zero", NULL, -EFBIG,
		      LINES("/dev/zero: more than 4 MiB: this is not an ini file"));
	assert_int_equal(mkfifo("fifo.ini", 0600), 0);
	write_file("reads-fifo.ini", "[minivmm]\ninclude = fifo.ini\n");
	expect_errors("reads-fifo.ini", NULL, -EINVAL,
		      LINES("reads-fifo.ini:2: minivmm.include: fifo.ini: not a regular file"));
	if (geteuid()) {
		write_file("secret.ini", SLOT BOOT);
		assert_int_equal(chmod("secret.ini", 0), 0);
		expect_errors("secret.ini", NULL, -EACCES, LINES("secret.ini: Permission denied"));
	}
}

static void limits_are_errors_not_crashes(void **state)
{
	FILE *file = fopen("keys.ini", "w");
	struct config config;
	struct errors errors;
	char name[32];

	(void)state;
	fputs("[vm]\n", file);
	for (int i = 0; i < 1000; i++)
		fprintf(file, "key%d = 1\n", i);
	fprintf(file, "[%0300d]\n" SLOT "%0300d = 1\n" BOOT, 1, 1);
	fclose(file);
	assert_int_equal(load("keys.ini", NULL, &config, &errors), -EINVAL);
	assert_int_equal(errors.count, 64 + 3);
	assert_string_equal(errors.lines[64],
			    "keys.ini:66: vm.key64: 1: more keys than a section can have");
	assert_non_null(strstr(errors.lines[65], ": a section's name is too long"));
	assert_non_null(strstr(errors.lines[66], ": 1: a key's name is too long"));
	errors_free(&errors);

	for (int i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "chain%d.ini", i);
		file = fopen(name, "w");
		fprintf(file, "[minivmm]\ninclude = chain%d.ini\n", i + 1);
		fclose(file);
	}
	write_file("chain64.ini", SLOT BOOT);
	load_good("chain1.ini", NULL, &config);
	config_free(&config);
	expect_errors("chain0.ini", NULL, -EINVAL,
		      LINES("chain63.ini:2: minivmm.include: chain64.ini: more than 64 files"));
}

/* Quadratic iniparser gets long files in pieces, and no value may get lost between them. */
static void long_files_are_read_whole(void **state)
{
	enum { SLOTS = 20000 };
	FILE *file = fopen("long.ini", "w");
	struct config config;

	(void)state;
	for (int i = 0; i < SLOTS; i++)
		fprintf(file, "; slot %d\n[memslot.s%d]\nbase = %dK\nsize = 4K\n\n", i, i, 4 * i);
	fputs(BOOT, file);
	fclose(file);
	load_good("long.ini", NULL, &config);
	assert_int_equal(config.memslot_count, SLOTS);
	for (int i = 0; i < SLOTS; i++) {
		assert_int_equal(config.memslots[i].base, 4096ull * (unsigned int)i);
		assert_int_equal(config.memslots[i].at.line, 5 * i + 2);
	}
	config_free(&config);
}

/* The table itself: what it says must hold together. */
static void the_table_of_keys_is_sound(void **state)
{
	size_t count, section_count;
	const struct key *list = keys(&count);
	char text[KEY_TEXT], why[KEY_WHY];

	(void)state;
	sections(&section_count);
	assert_int_equal(section_count, KIND_COUNT);
	for (size_t i = 0; i < count; i++) {
		union {
			struct config config;
			struct memslot_cfg memslot;
			struct phase_cfg phase;
			struct worker_cfg worker;
		} object = { 0 };

		assert_ptr_equal(key_find(list[i].kind, list[i].name), &list[i]);
		assert_non_null(list[i].help);
		assert_true(strlen(list[i].help) < 80);
		assert_true(strlen(key_values(&list[i], text)) < KEY_TEXT - 1);
		assert_true(*text);
		assert_false(list[i].required && list[i].initial);
		assert_true(i == 0 || list[i].kind >= list[i - 1].kind);
		if (list[i].initial) {
			char *shown;

			assert_int_equal(key_parse(&list[i], list[i].initial, &object, why), 0);
			shown = key_format(&list[i], &object);
			assert_string_equal(shown, list[i].initial);
			free(shown);
			key_free(&list[i], &object);
		}
	}
	assert_string_equal(key_values(key_find(KIND_MEMSLOT, "backing"), text),
			    "anon|memfd|hugetlb-2m|hugetlb-1g|file:PATH|guest-memfd");
	assert_string_equal(key_values(key_find(KIND_MEMSLOT, "flags"), text),
			    "none|readonly,dirty-log");
	assert_string_equal(key_values(key_find(KIND_PHASE, "timeout"), text),
			    "DURATION|vm.timeout");
	assert_string_equal(key_values(key_find(KIND_PHASE, "slot"), text), "NAME");
}

static void names_are_those_of_the_config(void **state)
{
	(void)state;
	assert_string_equal(phase_do_name(DO_L2), "l2");
	assert_string_equal(phase_expect_name(EXPECT_ALLOCATED), "allocated");
	assert_string_equal(rmap_policy_name(POLICY_EAGER), "eager");
	assert_string_equal(selftest_break_name(BREAK_NOTHING), "nothing");
	assert_string_equal(selftest_break_name(BREAK_CONTROL_NPT), "control-npt");
	assert_string_equal(selftest_break_name(BREAK_KLOG), "klog");
	assert_string_equal(slot_backing_name(BACKING_FILE), "file");
	assert_string_equal(slot_backing_name(BACKING_HUGETLB_1G), "hugetlb-1g");
	assert_string_equal(phase_do_name(99), "?");
}

static void json_has_every_key_exactly(void **state)
{
	struct config config;
	json_t *json, *slot, *phase, *worker;
	size_t count;
	const struct key *list = keys(&count);

	(void)state;
	write_file("json.ini", "[memslot.a]\nbase = 0xfffffffffffff000\nsize = 9007199254740993\n"
		   "flags = dirty-log\nbacking = file:/x\n"
		   "[phase.p]\ndo = l2\npattern = 0xffffffffffffffff\nslot = a\n"
		   "[phase.s]\ndo = stress\n[worker.w]\nop = discard\nslot = a\nrate = 200/s\n");
	load_good("json.ini", NULL, &config);
	json = config_json(&config);
	slot = json_object_get(json, "memslot.a");
	phase = json_object_get(json, "phase.p");
	worker = json_object_get(json, "worker.w");
	assert_int_equal(json_integer_value(json_object_get(worker, "rate")), 200);
	assert_int_equal(json_object_size(json), 9);
	for (size_t i = 0; i < count; i++) {
		const struct section *section = &sections(&(size_t){ 0 })[list[i].kind];
		json_t *object = list[i].kind == KIND_MEMSLOT ? slot :
				 list[i].kind == KIND_PHASE ? phase :
				 list[i].kind == KIND_WORKER ? worker :
				 json_object_get(json, section->name);

		if (list[i].kind != KIND_MINIVMM)
			assert_non_null(json_object_get(object, list[i].name));
	}
	/* Beyond 2^63 - 1, where JSON integers end here, a string is exact. */
	assert_string_equal(json_string_value(json_object_get(slot, "base")),
			    "18446744073709547520");
	assert_int_equal(json_integer_value(json_object_get(slot, "size")), 9007199254740993);
	assert_true(json_is_null(json_object_get(slot, "id")));
	assert_true(json_is_null(json_object_get(slot, "alias")));
	assert_int_equal(json_array_size(json_object_get(slot, "flags")), 1);
	assert_string_equal(json_string_value(json_object_get(slot, "backing")), "file:/x");
	assert_true(json_is_false(json_object_get(slot, "populate")));
	assert_string_equal(json_string_value(json_object_get(phase, "pattern")),
			    "0xffffffffffffffff");
	assert_string_equal(json_string_value(json_object_get(phase, "slot")), "a");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "vm"),
							     "timeout")), 60000000000);
	json_decref(json);
	config_free(&config);
}

/* Loads and lays out a broken config; its errors must be the lines of the .expect file. */
static void check_broken(const char *name)
{
	char expect_name[PATH_MAX], *expected = NULL, *got = NULL;
	struct errors errors;
	struct config config;
	struct layout layout;
	size_t room = 0, size;
	FILE *file, *lines = open_memstream(&got, &size);
	int code = load(name, NULL, &config, &errors);

	if (!code) {
		code = layout_build(&config, &LAYOUT_LIMITS_DEFAULT, &layout, &errors);
		config_free(&config);
	}
	if (code != -EINVAL)
		fail_msg("%s: %d", name, code);
	for (size_t i = 0; i < errors.count; i++)
		fprintf(lines, "%s\n", errors.lines[i]);
	fclose(lines);
	snprintf(expect_name, sizeof(expect_name), "%.*s.expect", (int)strlen(name) - 4, name);
	file = fopen(expect_name, "r");
	if (!file)
		fail_msg("%s is missing", expect_name);
	assert_true(getdelim(&expected, &room, EOF, file) > 0);
	fclose(file);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
	errors_free(&errors);
}

static void broken_configs_say_why(void **state)
{
	char path[PATH_MAX + 32];
	glob_t names;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/broken", top);
	assert_int_equal(chdir(path), 0);
	assert_int_equal(glob("*.ini", 0, NULL, &names), 0);
	assert_true(names.gl_pathc >= 30);
	for (size_t i = 0; i < names.gl_pathc; i++)
		check_broken(names.gl_pathv[i]);
	globfree(&names);
	assert_int_equal(chdir(scratch), 0);
}

static int enter_scratch(void **state)
{
	(void)state;
	return !getcwd(top, sizeof(top)) || !mkdtemp(scratch) || chdir(scratch);
}

static int leave_scratch(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return chdir(top) || system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_shipped_transition),
		cmocka_unit_test(reads_every_key),
		cmocka_unit_test(reads_ini_as_iniparser_does),
		cmocka_unit_test(includes_are_overridden),
		cmocka_unit_test(tells_where_a_key_was_said),
		cmocka_unit_test(the_command_line_has_the_last_word),
		cmocka_unit_test(standard_input_is_a_file_like_others),
		cmocka_unit_test(a_file_that_can_not_be_read_says_why),
		cmocka_unit_test(limits_are_errors_not_crashes),
		cmocka_unit_test(long_files_are_read_whole),
		cmocka_unit_test(the_table_of_keys_is_sound),
		cmocka_unit_test(names_are_those_of_the_config),
		cmocka_unit_test(json_has_every_key_exactly),
		cmocka_unit_test(broken_configs_say_why),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
