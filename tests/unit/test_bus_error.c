// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory that the host can't give is noted with its memslot, gpa and reason, and the process lives on. */
#include "memory_scenes.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/bus_error.h"

/* A row of two slots in a file that somebody makes shorter afterwards. */
struct short_file {
	char name[32];
	int fd;
	struct memslot_cfg memslots[2];
	struct stage stage;
};

static void begin(struct short_file *file, off_t keep)
{
	*file = (struct short_file){
		.name = "/tmp/short-XXXXXX",
		.memslots = {
			SLOT("low", .size = 64 * K),
			SLOT("row", .base = 4 * M, .size = 64 * K, .stride = 2 * M, .count = 2, .backing = BACKING_FILE),
		},
	};
	file->fd = mkstemp(file->name);
	file->memslots[1].path = file->name;
	assert_true(file->fd >= 0);
	assert_int_equal(ftruncate(file->fd, 128 * K), 0);
	set(&file->stage, file->memslots, 2);
	assert_int_equal(ftruncate(file->fd, keep), 0);
	bus_error_watch();
}

static void end(struct short_file *file)
{
	strike(&file->stage);
	close(file->fd);
	unlink(file->name);
}

static void lost(const struct short_file *file, const char *text)
{
	struct err err = { 0 };

	assert_true(bus_error_came());
	assert_true(bus_error_explain(&file->stage.vm, &err));
	if (!strstr(err.text, text))
		fail_msg("%s: not in: %s", text, err.text);
	assert_string_not_equal(err.remedy, "");
}

static void an_access_past_the_end(void **state)
{
	struct short_file file;
	struct err err = { 0 };
	volatile uint8_t *memory;

	(void)state;
	begin(&file, 68 * K);
	memory = file.stage.vm.backings[1].hva;
	memory[64 * K] = 1;
	assert_false(bus_error_came());
	assert_false(bus_error_explain(&file.stage.vm, &err));
	memory[72 * K + 5] = 7;
	assert_int_equal(memory[72 * K + 5], 7);
	/* The first one counts. */
	memory[96 * K] = 1;
	lost(&file, "memslot.row: the memory at gpa 0x602000 can't be had (SIGBUS): the file ends before it (backing = "
		    "file:/tmp/short-");
	bus_error_watch();
	assert_false(bus_error_came());
	end(&file);
}

static void *write_page(void *page)
{
	*(volatile uint8_t *)page = 1;
	return NULL;
}

/* Whoever starts the program may have blocked the signal. */
static void in_any_thread(void **state)
{
	struct short_file file;
	pthread_t thread;
	sigset_t bus;

	(void)state;
	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &bus, NULL), 0);
	begin(&file, 0);
	assert_int_equal(pthread_create(&thread, NULL, write_page, file.stage.vm.backings[1].hva), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	lost(&file, "gpa 0x400000");
	end(&file);
}

/* KVM_RUN says EFAULT and no page: the first one that is not there is the one to name. */
static void a_page_that_only_kvm_missed(void **state)
{
	struct short_file file;

	(void)state;
	begin(&file, 128 * K);
	bus_error_probe(&file.stage.vm);
	assert_false(bus_error_came());
	end(&file);
	begin(&file, 8 * K);
	assert_int_equal(pwrite(file.fd, "x", 1, 0), 1);
	assert_int_equal(pwrite(file.fd, "x", 1, 4 * K), 1);
	bus_error_probe(&file.stage.vm);
	lost(&file, "gpa 0x402000");
	end(&file);
}

static void another_vms_memory(void **state)
{
	struct vm none = { .fd = -1 };
	struct short_file file;
	struct err err = { 0 };

	(void)state;
	begin(&file, 0);
	bus_error_probe(&none);
	*(volatile uint8_t *)file.stage.vm.backings[1].hva = 1;
	assert_true(bus_error_came());
	assert_false(bus_error_explain(&none, &err));
	assert_string_equal(err.text, "");
	end(&file);
}

/* A SIGBUS that is no lost page, from kill(), ends the process as it always did. */
static void a_signal_from_elsewhere(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		bus_error_watch();
		kill(getpid(), SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_access_past_the_end),
		cmocka_unit_test(in_any_thread),
		cmocka_unit_test(a_page_that_only_kvm_missed),
		cmocka_unit_test(another_vms_memory),
		cmocka_unit_test(a_signal_from_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
