// SPDX-License-Identifier: GPL-2.0-only
/* A whole host: the files of /proc, /sys and /dev that sources and the choice of a model read. */
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"
#include "host/host.h"
#include "model/model.h"
#include "report/snapshot_json.h"
#include "run/probe.h"

#define PID 152
#define FD 5

static int file_of(const char *name)
{
	size_t size;
	const char *text = files_get(name, &size);

	return text ? fuzz_file(text, size) : -1;
}

/* The VM's files have fixed descriptors; the log is read from its first record on. */
static void open_sources(struct sources *sources)
{
	int stats = file_of("stats");

	sources_open(sources, "", SOURCES_ALL);
	if (sources->klog >= 0)
		MUST(lseek(sources->klog, 0, SEEK_SET) == 0);
	sources->vm_pid = PID;
	sources->vm_fd = FD;
	if (stats < 0)
		return;
	sources->stats_fds = malloc(sizeof(int));
	MUST(sources->stats_fds);
	sources->stats_fds[0] = stats;
	sources->stats_count = 1;
}

/* A source is either read or has a reason why not. */
static void check_status(const struct snapshot *snapshot)
{
	for (int i = 0; i < SOURCE_COUNT; i++)
		MUST(snapshot->status[i].ok || snapshot->status[i].why[0]);
	if (!snapshot->status[SOURCE_VMALLOCINFO].ok)
		MUST(!snapshot->vmalloc.count);
	if (!snapshot->status[SOURCE_MEMINFO].ok)
		MUST(!snapshot->meminfo.slab && !snapshot->meminfo.vmalloc_used);
}

static void check_json(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	MUST(text);
	free(text);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_facts facts;
	struct snapshot snapshot;
	struct sources sources;
	struct model model;
	struct host host;

	files_set(data, size);
	open_sources(&sources);
	snapshot_take(&sources, &snapshot);
	check_status(&snapshot);
	check_json(snapshot_json(&snapshot));
	check_json(snapshot_sources_json(&snapshot));
	snapshot_free(&snapshot);
	host_read("", &host);
	probe_kernel(&host, NULL, &sources, &facts);
	model_choose(&facts, &model);
	sources_close(&sources);
	files_clear();
	return 0;
}
