// SPDX-License-Identifier: GPL-2.0-only
#include "vm/vcpu_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0	/* gcc has none */
#endif

/* <asm-generic/siginfo.h>, which can't be included beside glibc's <signal.h>. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NONE (-1)
#define ARENAS 8

/* What a vCPU's thread asks of KVM. The first is asked for at each exit. */
static const uint32_t requests[] = {
	KVM_RUN, KVM_IRQ_LINE, KVM_RESET_DIRTY_RINGS,
	/* For the registers in an error's text, and to restore a nested guest (restore.c). */
	KVM_GET_REGS, KVM_GET_SREGS, KVM_GET_NESTED_STATE, KVM_SET_REGS, KVM_SET_NESTED_STATE,
};

static const uint32_t calls[] = {
	/* The guest's console, and the eventfd on which the run waits. */
	SYS_write, SYS_writev,
	/* Locks, clocks that the vDSO can't read, and a KVM_RUN that is tried again. */
	SYS_futex, SYS_clock_gettime, SYS_sched_yield, SYS_restart_syscall,
	/* malloc() and the thread's stack. mmap() and mprotect() have a rule of their own. */
	SYS_munmap, SYS_madvise, SYS_brk, SYS_mremap,
	/* Kicks, SIGBUS (bus_error.c), and a call that is denied. */
	SYS_rt_sigreturn, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_getpid, SYS_gettid,
	SYS_exit,
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || \
	__has_feature(thread_sanitizer)
	/* A sanitizer's own: the end of a thread, and a report, which reads the program's symbols. */
	SYS_sigaltstack, SYS_nanosleep, SYS_clock_nanosleep, SYS_exit_group, SYS_open, SYS_openat, SYS_read,
	SYS_pread64, SYS_lseek, SYS_close, SYS_stat, SYS_fstat, SYS_newfstatat, SYS_readlink, SYS_getrlimit,
	SYS_prlimit64, SYS_prctl,
#endif
};

static const char names[][32] = {
#ifdef SYSCALL_NAMES	/* made by the Makefile, from the kernel's headers */
#include SYSCALL_NAMES
#else
	"",
#endif
};

/* A signal handler has no argument of its own, so what it notes can only be here. */
static int64_t denied = NONE;	/* atomic: the first call */
static int missing;		/* atomic */

struct program {
	struct sock_filter code[160];
	unsigned short length;
};
_Static_assert(2 * (COUNT(calls) + COUNT(requests)) + 29 <= COUNT(((struct program *)NULL)->code), "it has room");

static void add(struct program *program, uint16_t code, uint32_t value, size_t if_true, size_t if_false)
{
	program->code[program->length++] = (struct sock_filter)BPF_JUMP(code, value, (uint8_t)if_true, (uint8_t)if_false);
}

/* Loads a word of struct seccomp_data. Of an argument its lower half is enough: the kernel looks at no more of these. */
static void load(struct program *program, size_t offset)
{
	add(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void end(struct program *program, uint32_t action)
{
	add(program, BPF_RET | BPF_K, action, 0, 0);
}

/* Goes on with the next instruction if the loaded word is value, else behind so many. */
static void match(struct program *program, uint32_t value, size_t skip)
{
	add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

static void allow(struct program *program, uint32_t value)
{
	match(program, value, 1);
	end(program, SECCOMP_RET_ALLOW);
}

static void allow_requests(struct program *program)
{
	match(program, SYS_ioctl, 2 * COUNT(requests) + 2);
	load(program, offsetof(struct seccomp_data, args[1]));
	for (size_t i = 0; i < COUNT(requests); i++)
		allow(program, requests[i]);
	end(program, SECCOMP_RET_TRAP);
}

/* Memory, but none that can be executed. */
static void allow_memory(struct program *program, uint32_t call)
{
	match(program, call, 4);
	load(program, offsetof(struct seccomp_data, args[2]));
	add(program, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	end(program, SECCOMP_RET_TRAP);
	end(program, SECCOMP_RET_ALLOW);
}

/* Signals and writes, but to this process only. */
static void allow_to_self(struct program *program, uint32_t call)
{
	match(program, call, 4);
	load(program, offsetof(struct seccomp_data, args[0]));
	allow(program, (uint32_t)getpid());
	end(program, SECCOMP_RET_TRAP);
}

static void write_program(struct program *program, bool flushes)
{
	program->length = 0;
	load(program, offsetof(struct seccomp_data, arch));
	add(program, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	end(program, SECCOMP_RET_TRAP);
	load(program, offsetof(struct seccomp_data, nr));
	allow_requests(program);
	for (size_t i = 0; i < COUNT(calls); i++)
		allow(program, calls[i]);
	allow_memory(program, SYS_mmap);
	if (flushes)
		allow(program, SYS_mprotect);
	else
		allow_memory(program, SYS_mprotect);
	allow_to_self(program, SYS_tgkill);
	allow_to_self(program, SYS_process_vm_writev);
	end(program, SECCOMP_RET_TRAP);
}

/* The call that was denied returns EPERM, so that its thread comes to where it is asked for, with no lock left behind. */
static void on_denied(int number, siginfo_t *info, void *context)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	ucontext_t *interrupted = context;
	int64_t none = NONE;

	if (info->si_code != SYS_SECCOMP) {
		sigaction(number, &standard, NULL);
		raise(number);
		return;
	}
	__atomic_compare_exchange_n(&denied, &none, (uint32_t)info->si_syscall, false, __ATOMIC_RELEASE,
				    __ATOMIC_RELAXED);
	interrupted->uc_mcontext.gregs[REG_RAX] = -EPERM;
}

void vcpu_filter_watch(void)
{
	const struct sigaction action = { .sa_sigaction = on_denied, .sa_flags = SA_SIGINFO };

	__atomic_store_n(&denied, NONE, __ATOMIC_RELEASE);
	__atomic_store_n(&missing, 0, __ATOMIC_RELEASE);
	/* Without a limit of its own, malloc() of a ninth thread reads how many CPUs there are (glibc's arena_get2()). */
	mallopt(M_ARENA_MAX, ARENAS);
	sigaction(SIGSYS, &action, NULL);
}

/*
 * SPEC_ALLOW: before Linux 5.16 a filter also turned on mitigations for code that the thread runs itself, which would slow
 * the guest (seccomp_assign_mode(), kernel/seccomp.c). A guest is kept apart by KVM.
 */
void vcpu_filter_install(bool flushes)
{
	struct program program;
	struct sock_fprog filter = { .filter = program.code };
	sigset_t sys;

	write_program(&program, flushes);
	filter.len = program.length;
	/* The kernel ends a process that blocks it. */
	sigemptyset(&sys);
	sigaddset(&sys, SIGSYS);
	pthread_sigmask(SIG_UNBLOCK, &sys, NULL);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter))
		__atomic_store_n(&missing, errno, __ATOMIC_RELEASE);
}

int vcpu_filter_missing(void)
{
	return __atomic_load_n(&missing, __ATOMIC_ACQUIRE);
}

bool vcpu_filter_came(void)
{
	return __atomic_load_n(&denied, __ATOMIC_ACQUIRE) != NONE;
}

bool vcpu_filter_explain(struct err *err)
{
	int64_t call = __atomic_load_n(&denied, __ATOMIC_ACQUIRE);
	bool named = call >= 0 && call < (int64_t)COUNT(names) && names[call][0];

	if (call == NONE)
		return false;
	err_set(err, EPERM, "a vCPU's thread made the system call %lld (%s), which its seccomp filter denies",
		(long long)call, named ? names[call] : "unknown");
	err_remedy(err, "either the filter lacks a call (vmm/vm/vcpu_filter.c), or the guest has taken over its VMM: "
			"run this guest no more");
	return true;
}
