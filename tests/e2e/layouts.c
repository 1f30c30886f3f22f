// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random memslot layouts: each is created, taken through the transition and torn down, and
 * what the kernel holds must be what was predicted, to the byte, all the way.
 *
 * usage: layouts [--seed N] [--count M] [--keep DIR]	runs seeds N to N+M-1 (root, KVM)
 *        layouts --seed N --print			the config of a seed, on stdout
 *
 * The seed alone decides the layout. One that fails is left in DIR as seed-N.ini.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "vm/kvm.h"
#include "config/layout.h"
#include "run/run.h"
#include "check/verdict.h"

#define PAGE 4096ull
#define M (1ull << 20)
#define G (1ull << 30)
#define TOP (1ull << 40)	/* the emulated host has 40 address bits */
#define MEMORY_MAX (512 * G)	/* of a layout: 1.3 GiB of kernel memory */
#define SLOTS_MAX 480		/* KVM_CAP_NR_MEMSLOTS is 509 before 5.12 */
#define NAMED_MAX 8

/* A layout being written. */
struct writer {
	uint64_t state;		/* of the random numbers */
	FILE *out;
	uint64_t next[2];	/* by space: no slot lies above yet */
	uint64_t memory, slots;
	uint64_t ids[2];	/* by space: the next explicit id */
	struct { char name[16]; uint64_t size; } named[NAMED_MAX]; /* what an alias may show */
	unsigned int named_count, section_count;
	bool smm, nests;	/* what the host can do */
};

/* splitmix64, Sebastiano Vigna, public domain */
static uint64_t draw(struct writer *w)
{
	uint64_t z = w->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t below(struct writer *w, uint64_t limit)
{
	return limit ? draw(w) % limit : 0;
}

static bool chance(struct writer *w, unsigned int percent)
{
	return below(w, 100) < percent;
}

/* Whole pages up to 2^max_shift bytes: every order of magnitude alike, and odd more often than not. */
static uint64_t some_size(struct writer *w, unsigned int max_shift)
{
	unsigned int shift = 12 + (unsigned int)below(w, max_shift - 11);
	uint64_t size = 1ull << shift;

	if (shift < max_shift && chance(w, 70))
		size += below(w, size / PAGE) * PAGE;
	return size;
}

/* The next base: at once, after a gap, or beside a 2M or 1G boundary. */
static uint64_t some_base(struct writer *w, int space)
{
	uint64_t base = w->next[space], edge = chance(w, 50) ? 2 * M : G;

	switch (below(w, 4)) {
	case 0:
		return base;
	case 1:
		base += some_size(w, 24);
		return base;
	case 2:
		base += some_size(w, 36);
		return base;
	default:
		base = (base + edge - 1) / edge * edge + edge;
		return base - below(w, 3) * PAGE;
	}
}

static void put_flags(struct writer *w)
{
	static const char *const flags[] = { "readonly", "dirty-log", "readonly,dirty-log" };

	if (chance(w, 35))
		fprintf(w->out, "flags = %s\n", flags[below(w, 3)]);
}

static void put_backing(struct writer *w, uint64_t size)
{
	if (chance(w, 10))
		fputs("backing = memfd\n", w->out);
	if (chance(w, 20))
		fprintf(w->out, "thp = %s\n", chance(w, 50) ? "always" : "never");
	if (size <= 2 * M && chance(w, 10))
		fputs("populate = yes\n", w->out);
}

/* Memory of its own, or another's that is large enough. */
static void put_memory(struct writer *w, const char *name, int space, uint64_t size)
{
	for (unsigned int i = 0; i < w->named_count; i++) {
		if (w->named[i].size < size || !chance(w, 15))
			continue;
		fprintf(w->out, "alias = %s\n", w->named[i].name);
		return;
	}
	put_backing(w, size);
	if (w->named_count == NAMED_MAX || space)
		return;
	snprintf(w->named[w->named_count].name, sizeof(w->named[0].name), "%s", name);
	w->named[w->named_count++].size = size;
}

static void put_slots(struct writer *w, uint64_t size, uint64_t count)
{
	int space = chance(w, 15) && w->smm;
	uint64_t base = some_base(w, space);
	uint64_t stride = count > 1 && chance(w, 60) ? size + some_size(w, 22) : size;
	uint64_t end = base + (count - 1) * stride + size;
	char name[16];

	if (end > TOP || w->memory + size * count > MEMORY_MAX || w->slots + count > SLOTS_MAX)
		return;
	w->slots += count;
	w->next[space] = end;
	w->memory += size * count;
	snprintf(name, sizeof(name), "s%u", w->section_count++);
	fprintf(w->out, "\n[memslot.%s]\nbase = 0x%" PRIx64 "\nsize = %" PRIu64 "K\n", name, base,
		size / 1024);
	if (count > 1)
		fprintf(w->out, "count = %" PRIu64 "\nstride = %" PRIu64 "K\n", count, stride / 1024);
	if (space)
		fputs("space = smm\n", w->out);
	if (count == 1 && chance(w, 10)) {
		fprintf(w->out, "id = %" PRIu64 "\n", w->ids[space]);
		w->ids[space]++;
	}
	put_flags(w);
	put_memory(w, name, space, size * count);
}

/* Where the payload lies. */
static void put_boot_slot(struct writer *w)
{
	uint64_t size = 16 * M + below(w, 4096) * PAGE;

	if (chance(w, 50))
		w->next[0] = some_size(w, 34);
	fprintf(w->out, "\n[memslot.boot]\nbase = 0x%" PRIx64 "\nsize = %" PRIu64 "K\n", w->next[0],
		size / 1024);
	if (chance(w, 20))
		fputs("flags = dirty-log\n", w->out);
	w->next[0] += size;
	w->memory = size;
}

static void put_memslots(struct writer *w)
{
	uint64_t kind = below(w, 50), sections = 1 + below(w, 6);

	put_boot_slot(w);
	if (kind == 0) {
		put_slots(w, some_size(w, 16), 100 + below(w, 380));
		return;
	}
	for (uint64_t i = 0; i < sections; i++) {
		if (kind < 10)
			put_slots(w, some_size(w, 26), 2 + below(w, 30));
		else
			put_slots(w, some_size(w, chance(w, 20) ? 39 : 32), 1);
	}
}

/* On a host that runs no nested guest the slots alone must do. */
static void put_phases(struct writer *w)
{
	fputs("\n[expect]\npolicy = any\n\n[phase.boot]\ndo = boot\n", w->out);
	if (!w->nests)
		return;
	if (chance(w, 30))
		fputs("\n[phase.control]\ndo = l2\nnested-paging = no\n", w->out);
	if (chance(w, 30))
		fputs("\n[phase.touch]\ndo = touch\ntouch = 256K\n", w->out);
	fprintf(w->out, "\n[phase.transition]\ndo = l2\ntouch = %" PRIu64 "K\nexpect = allocated\n",
		below(w, 64) * 4);
	if (chance(w, 20))
		fputs("\n[phase.again]\ndo = l2\ntouch = 64K\n", w->out);
}

/* kvm NULL: a host that can do all. */
static void write_config(uint64_t seed, const struct kvm *kvm, FILE *out)
{
	struct writer w = { .state = seed, .out = out, .smm = !kvm || kvm->smm_slots,
			    .nests = !kvm || kvm->nested_state_size, .ids = { SLOTS_MAX + 8, SLOTS_MAX + 8 } };

	fprintf(out, "; layouts --seed %" PRIu64 " --print\n[vm]\nvcpus = %" PRIu64 "\n", seed,
		1 + below(&w, 2));
	put_memslots(&w);
	put_phases(&w);
}

struct tool {
	struct kvm kvm;
	const char *keep;
	uint64_t slots, arrays;		/* of all layouts */
};

/* What no run may do without. */
static bool must_pass(const char *check, bool nests)
{
	static const char *const names[] = {
		"guest.clean", "rmap.exact", "tracking.exact", "arrays.exact", "teardown.clean",
		"klog.clean", "phase.expect", "l2.ran",
	};
	size_t count = sizeof(names) / sizeof(names[0]) - (nests ? 0 : 2);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(check, names[i]))
			return true;
	return false;
}

static bool judge(const struct run *run, bool nests)
{
	struct verdict verdict;
	bool good = true;

	if (run->err.text[0])
		printf("#   error: %s\n", run->err.text);
	verdict_judge(run, &verdict);
	for (size_t i = 0; i < verdict.count; i++) {
		const struct check *check = &verdict.checks[i];

		if (check->result == RESULT_PASS ||
		    (check->result == RESULT_SKIP && !must_pass(check->name, nests)))
			continue;
		printf("#   %s %s: %s\n", check->name, result_name(check->result), check->reason);
		good = false;
	}
	return good;
}

static bool try_config(struct tool *tool, const struct config *config)
{
	struct layout_limits limits;
	struct errors errors = { 0 };
	struct run run = { 0 };
	bool good = false;

	kvm_limits(&tool->kvm, &limits);
	if (layout_build(config, &limits, &run.layout, &errors))
		printf("#   refused: %s\n", errors.count ? errors.lines[0] : "?");
	else if (run_scenario(config, &tool->kvm, &run))
		printf("#   refused: %s\n", run.err.text);
	else
		good = judge(&run, tool->kvm.nested_state_size);
	if (run.stuck) {
		printf("Bail out! A thread is stuck in the kernel, and uses what is on this stack\n");
		exit(3);
	}
	tool->slots += run.layout.count;
	tool->arrays += footprint_total(&run.at_creation) + footprint_total(&run.at_transition);
	errors_free(&errors);
	run_free(&run);
	return good;
}

static bool try_seed(struct tool *tool, uint64_t seed)
{
	struct errors errors = { 0 };
	struct config config;
	char path[512];
	bool good = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/seed-%" PRIu64 ".ini", tool->keep, seed);
	file = fopen(path, "we");
	if (!file) {
		perror(path);
		exit(3);
	}
	write_config(seed, &tool->kvm, file);
	fclose(file);
	if (config_load(path, NULL, 0, &config, &errors)) {
		printf("#   refused: %s\n", errors.count ? errors.lines[0] : "?");
	} else {
		good = try_config(tool, &config);
		config_free(&config);
	}
	errors_free(&errors);
	if (good)
		remove(path);
	return good;
}

static void show_failure(uint64_t seed)
{
	const char *kernel = getenv("KERNEL"), *flavour = getenv("FLAVOUR");
	const char *arguments = getenv("KVM_ARGS");

	printf("not ok - seed %" PRIu64 "\n", seed);
	write_config(seed, NULL, stdout);
	printf("#\n# again: build/static/layouts --seed %" PRIu64 " --print >seed.ini && make lab CONFIG=seed.ini "
	       "KERNEL=%s FLAVOUR=%s KVM_ARGS='%s' LAB_MEM=4G\n", seed, kernel ? kernel : "6.12",
	       flavour ? flavour : "cloud-amd64", arguments ? arguments : "");
}

static int run_seeds(uint64_t seed, uint64_t count, const char *keep)
{
	struct tool tool = { .keep = keep };
	uint64_t failed = 0, start = clock_ns();
	struct err err;

	if (kvm_open(&tool.kvm, "/dev/kvm", &err)) {
		fprintf(stderr, "layouts: %s\n", err.text);
		return 3;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (try_seed(&tool, seed + i))
			continue;
		show_failure(seed + i);
		failed++;
	}
	kvm_close(&tool.kvm);
	printf("layouts: seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " run, %" PRIu64 " mismatches; %"
	       PRIu64 " slots, %" PRIu64 " MiB of arrays predicted; %" PRIu64 " s\n", seed,
	       seed + count - 1, count, failed, tool.slots, tool.arrays >> 20,
	       (clock_ns() - start) / 1000000000u);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' }, { "count", required_argument, NULL, 'c' },
		{ "keep", required_argument, NULL, 'k' }, { "print", no_argument, NULL, 'p' }, { 0 },
	};
	uint64_t seed = 1, count = 1;
	const char *keep = "/tmp";
	int option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			count = strtoull(optarg, NULL, 0);
			break;
		case 'k':
			keep = optarg;
			break;
		case 'p':
			write_config(seed, NULL, stdout);
			return 0;
		default:
			return 2;
		}
	}
	return run_seeds(seed, count, keep);
}
