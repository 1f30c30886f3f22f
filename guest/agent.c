// SPDX-License-Identifier: GPL-2.0-only
/*
 * minivmm's agent in a Linux guest, the first process of its initramfs: runs the commands that the VMM
 * names (minivmm_agent.h), passes on what they print and their exit status, and at the end becomes the
 * init that the user meant. As `mark N` it makes a mark. It needs no library: the guest may have none.
 */
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#include "minivmm_agent.h"

#define WAIT_NS 10000000L	/* between two questions while there is nothing to do */
#define POLL_MS 20		/* where the kernel has no pidfd (before 5.3) */
#define WAIT_NO_HANG 1
#define DETACH 2		/* MNT_DETACH */

static long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall" : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* KVM reads many bytes in one exit, but makes an exit for each byte that is written. */
static void in_bytes(uint16_t port, void *to, size_t count)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}

static void out_bytes(uint16_t port, const void *from, size_t count)
{
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

static size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static void say(const char *text)
{
	call(__NR_write, 2, (long)text, (long)length_of(text), 0, 0);
}

static void leave(int status)
{
	for (;;)
		call(__NR_exit_group, status, 0, 0, 0, 0);
}

/* What a shell's commands expect; a folder that the initramfs lacks is left out. */
static const struct {
	const char *type, *at;
} file_systems[] = { { "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" } };

#define FILE_SYSTEMS (sizeof(file_systems) / sizeof(file_systems[0]))

static void mount_all(int mounted[FILE_SYSTEMS])
{
	for (size_t i = 0; i < FILE_SYSTEMS; i++)
		mounted[i] = !call(__NR_mount, (long)file_systems[i].type, (long)file_systems[i].at,
				   (long)file_systems[i].type, 0, 0);
}

/* The user's init mounts them itself. */
static void unmount_all(const int mounted[FILE_SYSTEMS])
{
	for (size_t i = 0; i < FILE_SYSTEMS; i++)
		if (mounted[i])
			call(__NR_umount2, (long)file_systems[i].at, DETACH, 0, 0, 0);
}

static char command[AGENT_TEXT_MAX + 1];

/*
 * The page must be there: a fault while KVM emulates the string instruction would lose what it has read
 * from the port.
 */
static void take_text(size_t length)
{
	for (volatile char *at = command; at < command + sizeof(command); at++)
		*at = '\0';
	in_bytes(AGENT_PORT + AGENT_TEXT, command, length);
}

static void run_shell(const int pipe[2])
{
	static const char *const arguments[] = { "/bin/sh", "-c", command, NULL };
	static const char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"TERM=dumb", NULL,
	};
	long nothing = call(__NR_open, (long)"/dev/null", O_RDONLY, 0, 0, 0);

	call(__NR_setsid, 0, 0, 0, 0, 0);
	if (nothing >= 0)
		call(__NR_dup2, nothing, 0, 0, 0, 0);
	call(__NR_dup2, pipe[1], 1, 0, 0, 0);
	call(__NR_dup2, pipe[1], 2, 0, 0, 0);
	call(__NR_execve, (long)arguments[0], (long)arguments, (long)environment, 0, 0);
	say("minivmm's agent: there is no /bin/sh in this initramfs\n");
	leave(127);
}

/* Passes on the end of what is in the pipe now. Each byte is an exit, and minivmm keeps no more than that. */
static void pass_output(int from)
{
	static char buffer[65536];
	long got;

	while ((got = call(__NR_read, from, (long)buffer, sizeof(buffer), 0, 0)) > 0) {
		long kept = got < (long)AGENT_OUTPUT_KEPT ? got : (long)AGENT_OUTPUT_KEPT;

		out_bytes(AGENT_PORT + AGENT_OUTPUT, buffer + got - kept, (size_t)kept);
	}
}

/*
 * Until the command ends, whoever else may keep the pipe open then. Other processes that end are
 * children of the first process, too, and are collected here.
 */
static uint32_t wait_for(long child, int from)
{
	struct pollfd fds[2] = { { .fd = from, .events = POLLIN }, { .events = POLLIN } };
	int status = 0;
	long ended = 0;

	fds[1].fd = (int)call(__NR_pidfd_open, child, 0, 0, 0, 0);
	while (ended != child) {
		call(__NR_poll, (long)fds, 2, fds[1].fd < 0 ? POLL_MS : -1, 0, 0);
		pass_output(from);
		if (fds[0].revents & (POLLHUP | POLLERR))
			fds[0].fd = -1;
		do {
			ended = call(__NR_wait4, -1, (long)&status, WAIT_NO_HANG, 0, 0);
		} while (ended > 0 && ended != child);
	}
	pass_output(from);
	if (fds[1].fd >= 0)
		call(__NR_close, fds[1].fd, 0, 0, 0, 0);
	return status & 0x7f ? 128u + (status & 0x7f) : (uint32_t)(status >> 8 & 0xff);
}

static uint32_t run_command(size_t length)
{
	int pipe[2];
	uint32_t status;
	long child;

	take_text(length);
	if (call(__NR_pipe2, (long)pipe, O_CLOEXEC | O_NONBLOCK, 0, 0, 0))
		return 126;
	/* A shell's output must not be non-blocking. */
	call(__NR_fcntl, pipe[1], F_SETFL, 0, 0, 0);
	child = call(__NR_fork, 0, 0, 0, 0, 0);
	if (!child)
		run_shell(pipe);
	call(__NR_close, pipe[1], 0, 0, 0, 0);
	status = child < 0 ? 126 : wait_for(child, pipe[0]);
	call(__NR_close, pipe[0], 0, 0, 0, 0);
	return status;
}

static void become_init(size_t length, const char **arguments, const char *const *environment)
{
	take_text(length);
	arguments[0] = command;
	call(__NR_execve, (long)command, (long)arguments, (long)environment, 0, 0);
	say("minivmm's agent: can't start the initramfs's own init: ");
	say(command);
	say("\n");
	leave(1);
}

static void serve(const char **arguments, const char *const *environment)
{
	int mounted[FILE_SYSTEMS];

	mount_all(mounted);
	for (;;) {
		uint32_t next = in32(AGENT_PORT + AGENT_NEXT), length = next & ~AGENT_DO_NAMES;
		const struct { long s, ns; } pause = { 0, WAIT_NS };

		length = length < AGENT_TEXT_MAX ? length : AGENT_TEXT_MAX;
		switch (next & AGENT_DO_NAMES) {
		case AGENT_DO_RUN:
			out32(AGENT_PORT + AGENT_STATUS, run_command(length));
			break;
		case AGENT_DO_INIT:
			unmount_all(mounted);
			become_init(length, arguments, environment);
			break;
		default:
			call(__NR_nanosleep, (long)&pause, 0, 0, 0, 0);
		}
	}
}

static int make_mark(const char *number)
{
	uint32_t value = 0;

	for (; number && *number >= '0' && *number <= '9'; number++)
		value = value * 10 + (uint32_t)(*number - '0');
	if (!number || *number) {
		say("usage: mark NUMBER\n");
		return 2;
	}
	out32(AGENT_PORT + AGENT_MARK, value);
	return 0;
}

__attribute__((used)) void agent_main(long *stack)
{
	const char **arguments = (const char **)(stack + 1);
	const char *const *environment = (const char *const *)(stack + 1 + stack[0] + 1);

	if (call(__NR_ioperm, AGENT_PORT, AGENT_PORTS, 1, 0, 0)) {
		say("minivmm's agent: it needs the right to use I/O ports (ioperm, CAP_SYS_RAWIO)\n");
		leave(1);
	}
	if (call(__NR_getpid, 0, 0, 0, 0, 0) != 1)
		leave(make_mark(stack[0] > 1 ? arguments[1] : NULL));
	serve(arguments, environment);
}

/* The kernel's stack at the start: argc, argv, NULL, the environment, NULL. */
__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call agent_main\n");
