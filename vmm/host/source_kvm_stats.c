// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's binary statistics (Documentation/virt/kvm/api.rst, 4.133 KVM_GET_STATS_FD): a header,
 * descriptors that name each figure, the figures. No privilege is needed; what the file
 * of a VM lacks, those of its vCPUs have.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/source.h"

#define FILE_MAX_BYTES 65536	/* 4 KiB with 6.12 */

static const char *const names[COUNTERS] = {
	[COUNTER_NESTED_RUN] = "nested_run",
	[COUNTER_MMU_CACHE_MISS] = "mmu_cache_miss",
	[COUNTER_PAGES_4K] = "pages_4k",
	[COUNTER_PAGES_2M] = "pages_2m",
	[COUNTER_PAGES_1G] = "pages_1g",
	[COUNTER_MAX_RMAP] = "max_mmu_rmap_size",
};

const char *kvm_counter_name(enum kvm_counter counter)
{
	return names[counter];
}

void sources_watch(struct sources *sources, int fd)
{
	int *larger, stats, code;

	if (sources->set == SOURCES_LOG)
		return;
	stats = ioctl(fd, KVM_GET_STATS_FD, NULL);
	code = errno;
	if (stats < 0) {
		sources->stats_error = sources->stats_error ? sources->stats_error : code;
		return;
	}
	larger = realloc(sources->stats_fds, (sources->stats_count + 1) * sizeof(*larger));
	if (!larger) {
		close(stats);
		sources->stats_error = ENOMEM;
		return;
	}
	sources->stats_fds = larger;
	larger[sources->stats_count++] = stats;
}

void sources_unwatch(struct sources *sources)
{
	for (size_t i = 0; i < sources->stats_count; i++)
		close(sources->stats_fds[i]);
	free(sources->stats_fds);
	sources->stats_fds = NULL;
	sources->stats_count = 0;
	sources->stats_error = 0;
}

/* Descriptors differ in length: name_size is the kernel's choice. */
static void add_figure(const struct kvm_stats_desc *desc, const char *name, size_t name_size,
		       const uint64_t *value, struct kvm_counters *counters)
{
	for (int i = 0; i < COUNTERS; i++) {
		if (strncmp(names[i], name, name_size) || desc->size != 1)
			continue;
		counters->counters[i].known = true;
		counters->counters[i].value += *value;
	}
}

int kvm_stats_parse(const void *data, size_t size, struct kvm_counters *counters)
{
	const uint8_t *bytes = data;
	struct kvm_counters found = *counters;
	struct kvm_stats_header header;
	size_t desc_size;

	if (size < sizeof(header))
		return -EINVAL;
	memcpy(&header, bytes, sizeof(header));
	desc_size = sizeof(struct kvm_stats_desc) + header.name_size;
	if (!header.num_desc || header.name_size > 4096 || header.desc_offset > size ||
	    header.num_desc > (size - header.desc_offset) / desc_size || header.data_offset > size)
		return -EINVAL;
	for (size_t i = 0; i < header.num_desc; i++) {
		const uint8_t *at = bytes + header.desc_offset + i * desc_size;
		struct kvm_stats_desc desc;
		uint64_t value;

		memcpy(&desc, at, sizeof(desc));
		if (desc.offset > size - header.data_offset ||
		    size - header.data_offset - desc.offset < sizeof(value))
			return -EINVAL;
		memcpy(&value, bytes + header.data_offset + desc.offset, sizeof(value));
		add_figure(&desc, (const char *)at + sizeof(desc), header.name_size, &value,
			   &found);
	}
	*counters = found;
	return 0;
}

/* Bytes of the file, or -errno. Each read() begins at the offset it is told: there is no seeking. */
static ssize_t read_all(int fd, uint8_t *buffer, size_t room)
{
	size_t size = 0;

	while (size < room) {
		ssize_t bytes = pread(fd, buffer + size, room - size, (off_t)size);

		if (bytes < 0)
			return -errno;
		if (!bytes)
			return (ssize_t)size;
		size += (size_t)bytes;
	}
	return -EFBIG;
}

static int read_file(int fd, uint8_t *buffer, struct kvm_counters *counters)
{
	ssize_t size = read_all(fd, buffer, FILE_MAX_BYTES);

	return size < 0 ? (int)size : kvm_stats_parse(buffer, (size_t)size, counters);
}

int kvm_stats_of(int fd, struct kvm_counters *counters)
{
	int stats = ioctl(fd, KVM_GET_STATS_FD, NULL), code;
	uint8_t *buffer;

	if (stats < 0)
		return -errno;
	buffer = malloc(FILE_MAX_BYTES);
	code = buffer ? read_file(stats, buffer, counters) : -ENOMEM;
	free(buffer);
	close(stats);
	return code;
}

static int read_files(const struct sources *sources, uint8_t *buffer, struct kvm_counters *counters)
{
	for (size_t i = 0; i < sources->stats_count; i++) {
		int code = read_file(sources->stats_fds[i], buffer, counters);

		if (code)
			return code;
	}
	return 0;
}

int kvm_stats_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	static const char name[] = "KVM_GET_STATS_FD";
	struct kvm_counters found = { 0 };
	uint8_t *buffer;
	int code;

	if (sources->stats_error == ENOTTY || sources->stats_error == EINVAL) {
		snprintf(why, SOURCE_WHY, "this kernel has no %s: it came with Linux 5.14", name);
		return -ENOTTY;
	}
	if (sources->stats_error)
		return source_errno(why, sources->stats_error, name);
	if (!sources->stats_count) {
		snprintf(why, SOURCE_WHY, "no VM yet");
		return -ENOENT;
	}
	buffer = malloc(FILE_MAX_BYTES);
	if (!buffer)
		return source_errno(why, ENOMEM, name);
	code = read_files(sources, buffer, &found);
	free(buffer);
	if (code == -EINVAL)
		snprintf(why, SOURCE_WHY, "%s: not in the format this program knows", name);
	else if (code)
		source_errno(why, -code, name);
	else
		snapshot->kvm_stats = found;
	return code;
}

json_t *kvm_counters_json(const struct kvm_counters *kvm)
{
	json_t *object = json_object();

	for (int i = 0; object && i < COUNTERS; i++) {
		if (source_set_figure(object, names[i], "", &kvm->counters[i])) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

json_t *kvm_stats_json(const struct snapshot *snapshot)
{
	return kvm_counters_json(&snapshot->kvm_stats);
}
