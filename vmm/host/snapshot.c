// SPDX-License-Identifier: GPL-2.0-only
/* The table of sources at work: one snapshot asks each of them. */
#include "host/snapshot.h"

#include <errno.h>
#include <unistd.h>

#include "host/host_vms.h"
#include "host/slab_names.h"
#include "host/source.h"


#define ROW(id, name, expensive, open, remedy)                                                     \
	[SOURCE_##id] = { #name, remedy, expensive, open, name##_read, name##_json },
static const struct row {
	const char *name, *remedy;
	bool expensive;
	void (*open)(struct sources *sources);
	source_read *read;
	source_json *json;
} table[SOURCE_COUNT] = { SOURCES(ROW) };

const char *source_name(enum source source)
{
	return table[source].name;
}

const char *source_remedy(enum source source)
{
	return table[source].remedy;
}

const char *snapshot_remedy(const struct snapshot *snapshot, enum source source)
{
	const char *remedy = snapshot->status[source].remedy;

	return remedy ? remedy : source_remedy(source);
}

/* What a source's own remedy does not help against. NULL: it does. */
static const char *remedy_against(enum source source, int code)
{
	static const char unlock[] = "boot without lockdown= and Secure Boot";
	static const char outside[] = "run it in the host's pid namespace (of a container: --pid=host)";
	static const struct {
		enum source source;
		int code;
		const char *remedy;
	} rows[] = {
		{ SOURCE_RMAPS_STAT, -EPERM, unlock }, { SOURCE_KVM_DEBUGFS, -EPERM, unlock },
		{ SOURCE_RMAPS_STAT, -EXDEV, outside }, { SOURCE_KVM_DEBUGFS, -EXDEV, outside },
		{ SOURCE_RMAPS_STAT, -ENOTTY, "boot Linux 5.15 or newer" },
		{ SOURCE_KVM_DEBUGFS, -ENOTTY, "boot Linux 5.15 or newer" },
		{ SOURCE_KLOG, -ENXIO, "run it where nothing masks /dev/kmsg, as a container does" },
		{ SOURCE_KLOG, -EPIPE, "boot with a larger log_buf_len=" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].source == source && rows[i].code == code)
			return rows[i].remedy;
	return NULL;
}

json_t *source_figures(enum source source, const struct snapshot *snapshot)
{
	return snapshot->status[source].ok ? table[source].json(snapshot) : json_null();
}

void sources_open(struct sources *sources, const char *root, enum source_set set)
{
	*sources = (struct sources){ .set = set };
	snprintf(sources->root, sizeof(sources->root), "%s", root);
	for (int source = 0; source < SOURCE_COUNT; source++)
		if (table[source].open && (set != SOURCES_LOG || source == SOURCE_KLOG))
			table[source].open(sources);
}

void sources_close(struct sources *sources)
{
	sources_unwatch(sources);
	memslots_close(sources);
	slab_names_free(sources->slab_names);
	sources->slab_names = NULL;
	if (sources->klog >= 0)
		close(sources->klog);
	sources->klog = -1;
	sources->klog_error = EBADF;
}

/* kvm_debugfs opens a file for each counter, and kvm_stats has them all in one read. */
static bool is_repetition(enum source source, const struct snapshot *snapshot)
{
	return source == SOURCE_KVM_DEBUGFS && snapshot->status[SOURCE_KVM_STATS].ok;
}

static bool is_left_out(enum source_set set, enum source source, const struct snapshot *snapshot)
{
	switch (set) {
	case SOURCES_ALL:
		return false;
	case SOURCES_CHEAP:
		return table[source].expensive || is_repetition(source, snapshot);
	case SOURCES_LOG:
		return source != SOURCE_KLOG;
	}
	return false;
}

static int read_source(struct sources *sources, enum source source, struct snapshot *snapshot)
{
	struct source_status *status = &snapshot->status[source];
	int code;

	if (is_left_out(sources->set, source, snapshot)) {
		snprintf(status->why, SOURCE_WHY, "not asked for (report.sources = %s)",
			 sources->set == SOURCES_LOG ? "log" : "cheap");
		status->remedy = "report.sources = all";
		return -ECANCELED;
	}
	code = table[source].read(sources, snapshot, status->why);
	status->remedy = remedy_against(source, code);
	return code;
}

void snapshot_take(struct sources *sources, struct snapshot *snapshot)
{
	*snapshot = (struct snapshot){ 0 };
	for (int source = 0; source < SOURCE_COUNT; source++)
		snapshot->status[source].ok = !read_source(sources, source, snapshot);
	if (sources->set == SOURCES_ALL)
		snapshot->other_vms = host_vms_others(sources->root);
}

void snapshot_ask_memslots(struct sources *sources, struct snapshot *snapshot)
{
	struct source_status *status = &snapshot->status[SOURCE_MEMSLOTS];

	if (sources->set != SOURCES_ALL)
		return;
	status->ok = !memslots_ask(sources, &snapshot->memslots, status->why);
	if (status->ok)
		status->why[0] = '\0';
}

void snapshot_read_charges(struct sources *sources, struct snapshot *snapshot)
{
	char why[SOURCE_WHY];

	cgroup_read(sources, snapshot, why);
}

void sources_note_memslots(struct sources *sources)
{
	struct memslots figures;
	char why[SOURCE_WHY];

	/* Where it can't be had, snapshot_ask_memslots() will say why. */
	if (sources->set == SOURCES_ALL)
		memslots_ask(sources, &figures, why);
}

void snapshot_free(struct snapshot *snapshot)
{
	tally_free(&snapshot->vmalloc);
	tally_free(&snapshot->wrapped);
}
