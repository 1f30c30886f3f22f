// SPDX-License-Identifier: GPL-2.0-only
#include "host/kernel_probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HAVE_LIBBPF

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#define CHUNK 4096

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define INSN(does, to, from, at, number)                                                       \
	{ .code = (does), .dst_reg = (to), .src_reg = (from), .off = (at), .imm = (number) }
/* Loads the address of the map's memory. It takes the place of two instructions. */
#define INSN_CHUNK(to, map)                                                                    \
	INSN(BPF_LD | BPF_IMM | BPF_DW, to, BPF_PSEUDO_MAP_VALUE, 0, map), INSN(0, 0, 0, 0, 0)
#define INSN_CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define INSN_EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Copies size bytes at an address, its context's two words, to the map. Returns what the helper did. */
static int load_reader(int map)
{
	const struct bpf_insn program[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, 3, 1, 0, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, 2, 1, 8, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, -E2BIG),
		INSN(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 3, CHUNK),
		INSN_CHUNK(1, map),
		INSN_CALL(BPF_FUNC_probe_read_kernel),
		INSN_EXIT,
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "minivmm_read", "GPL", program,
			     COUNT(program), NULL);
}

/* Writes the address of the running thread's task_struct to the map. */
static int load_task(int map)
{
	const struct bpf_insn program[] = {
		INSN_CALL(BPF_FUNC_get_current_task),
		INSN_CHUNK(1, map),
		INSN(BPF_STX | BPF_MEM | BPF_DW, 1, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN_EXIT,
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "minivmm_task", "GPL", program,
			     COUNT(program), NULL);
}

static int open_all(struct kernel_probe *probe)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	void *chunk;

	probe->map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "minivmm_chunk", sizeof(uint32_t), CHUNK, 1,
				    &options);
	if (probe->map < 0)
		return -errno;
	chunk = mmap(NULL, CHUNK, PROT_READ, MAP_SHARED, probe->map, 0);
	if (chunk == MAP_FAILED)
		return -errno;
	probe->chunk = chunk;
	probe->reader = load_reader(probe->map);
	if (probe->reader < 0)
		return -errno;
	probe->task = load_task(probe->map);
	return probe->task < 0 ? -errno : 0;
}

static int run(int program, uint64_t first, uint64_t second)
{
	const uint64_t context[2] = { first, second };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = sizeof(context));

	return bpf_prog_test_run_opts(program, &options) ? -errno : (int)options.retval;
}

static int refuse(int code, char why[SOURCE_WHY])
{
	const char *reason = strerror(code);

	if (code == EPERM)
		reason = "CAP_BPF or CAP_PERFMON is missing, or RLIMIT_MEMLOCK is too small (5.10)";
	else if (code == EINVAL)
		/* bpf_tracing_func_proto() has no bpf_probe_read_kernel() then. */
		reason = "the kernel does not let it read memory (lockdown=confidentiality)";
	else if (code == ENOSYS)
		reason = "this kernel has none";
	snprintf(why, SOURCE_WHY, "BPF: %s", reason);
	return -code;
}

int kernel_probe_open(struct kernel_probe *probe, char why[SOURCE_WHY])
{
	int code;

	*probe = (struct kernel_probe){ .map = -1, .reader = -1, .task = -1 };
	code = open_all(probe);
	if (!code && !kernel_probe_task(probe)) {
		kernel_probe_close(probe);
		snprintf(why, SOURCE_WHY, "BPF: the kernel does not run a program that is not attached "
			 "(before 5.10)");
		return -ENOTSUP;
	}
	if (!code)
		return 0;
	kernel_probe_close(probe);
	return refuse(-code, why);
}

int kernel_probe_read(const struct kernel_probe *probe, uint64_t address, void *buffer, size_t size)
{
	for (size_t done = 0; done < size;) {
		size_t some = size - done < CHUNK ? size - done : CHUNK;

		if (run(probe->reader, address + done, some))
			return -EFAULT;
		memcpy((char *)buffer + done, probe->chunk, some);
		done += some;
	}
	return 0;
}

uint64_t kernel_probe_task(const struct kernel_probe *probe)
{
	uint64_t task = 0;

	if (!run(probe->task, 0, 0))
		memcpy(&task, probe->chunk, sizeof(task));
	return task;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

void kernel_probe_close(struct kernel_probe *probe)
{
	if (probe->chunk)
		munmap((void *)probe->chunk, CHUNK);
	close_one(probe->task);
	close_one(probe->reader);
	close_one(probe->map);
	*probe = (struct kernel_probe){ .map = -1, .reader = -1, .task = -1 };
}

#else

int kernel_probe_open(struct kernel_probe *probe, char why[SOURCE_WHY])
{
	*probe = (struct kernel_probe){ .map = -1, .reader = -1, .task = -1 };
	snprintf(why, SOURCE_WHY, "BPF: this minivmm was built without libbpf");
	return -ENOTSUP;
}

int kernel_probe_read(const struct kernel_probe *probe, uint64_t address, void *buffer, size_t size)
{
	(void)probe;
	(void)address;
	(void)buffer;
	(void)size;
	return -EFAULT;
}

uint64_t kernel_probe_task(const struct kernel_probe *probe)
{
	(void)probe;
	return 0;
}

void kernel_probe_close(struct kernel_probe *probe)
{
	(void)probe;
}

#endif
