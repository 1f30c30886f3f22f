/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels' files that a test makes up: what their parser says of them. Included after <cmocka.h>. */
#ifndef KERNEL_FILES_H
#define KERNEL_FILES_H

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/boot_image.h"

typedef int kernel_parse(const struct boot_file *file, struct boot_image *image, struct err *err);

static inline struct boot_file kernel_file(const void *data, size_t size)
{
	struct boot_file file = { .fd = memfd_create("kernel", MFD_CLOEXEC), .size = size };

	assert_true(file.fd >= 0);
	assert_int_equal(write(file.fd, data, size), size);
	return file;
}

static inline int kernel_file_parse(kernel_parse *parse, const void *data, size_t size, struct boot_image *image,
				    struct err *err)
{
	struct boot_file file = kernel_file(data, size);
	int code = parse(&file, image, err);

	boot_file_close(&file);
	return code;
}

static inline void kernel_file_refused(kernel_parse *parse, const void *data, size_t size, const char *why)
{
	struct boot_image image;
	struct err err = { 0 };

	assert_int_equal(kernel_file_parse(parse, data, size, &image, &err), -EINVAL);
	assert_non_null(strstr(err.text, why));
}

#endif
