/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device by which test kernels talk to their VMM, as other VMMs have it: ports for an exit status, a
 * latch, interrupt lines and the flush of a page, and memory of which each access leaves the guest.
 * Here is what it keeps; pc.c has its ports. No ioctl.
 */
#ifndef TEST_DEVICE_H
#define TEST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

enum test_port {
	TEST_LATCH = 0xe0,		/* 4 bytes: what was written last */
	TEST_FLUSH = 0xe4,		/* 4 bytes: KVM forgets how the page at this address is mapped */
	TEST_EXIT = 0xf4,		/* the guest is done; its status */
	TEST_IRQ = 0x2000,		/* a port for each line: its level */
	TEST_IRQS = 24,
};
/* The statuses on which test kernels agree. */
enum test_status { TEST_PASSED = 0, TEST_FAILED = 1, TEST_SKIPPED = 38, TEST_ABORTED = 63 };

#define TEST_MEMORY 0xff000000ull
#define TEST_MEMORY_SIZE 0x10000ull

struct test_device {
	uint8_t latch[4];
	uint8_t *memory;	/* TEST_MEMORY_SIZE bytes, or NULL: there is none */
};

/* `at` is from 0 to 3. Bytes beyond the latch read as ones. */
uint32_t test_latch(struct test_device *device, unsigned int at, unsigned int size, bool in, uint32_t value);
/* False: the access is not wholly within the device's memory. */
bool test_memory(struct test_device *device, uint64_t gpa, bool write, uint32_t size, uint8_t *data);
/* " (a test failed)", or "" for a status that says nothing more. */
const char *test_status_text(uint32_t status);

#endif
