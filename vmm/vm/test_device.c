// SPDX-License-Identifier: GPL-2.0-only
#include "vm/test_device.h"

#include <string.h>

uint32_t test_latch(struct test_device *device, unsigned int at, unsigned int size, bool in, uint32_t value)
{
	size_t room = sizeof(device->latch) - at, bytes = size < room ? size : room;

	if (!in)
		memcpy(device->latch + at, &value, bytes);
	value = UINT32_MAX;
	memcpy(&value, device->latch + at, bytes);
	return value;
}

bool test_memory(struct test_device *device, uint64_t gpa, bool write, uint32_t size, uint8_t *data)
{
	uint64_t at = gpa - TEST_MEMORY;

	if (!device->memory || gpa < TEST_MEMORY || at >= TEST_MEMORY_SIZE || size > TEST_MEMORY_SIZE - at)
		return false;
	if (write)
		memcpy(device->memory + at, data, size);
	else
		memcpy(data, device->memory + at, size);
	return true;
}

const char *test_status_text(uint32_t status)
{
	switch (status) {
	case TEST_PASSED:
		return " (passed)";
	case TEST_FAILED:
		return " (a test failed)";
	case TEST_SKIPPED:
		return " (skipped)";
	case TEST_ABORTED:
		return " (aborted)";
	default:
		return "";
	}
}
