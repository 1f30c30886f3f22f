/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads files of the user's straight into guest memory. */
#ifndef BOOT_LOAD_H
#define BOOT_LOAD_H

#include "vm/boot_image.h"
#include "vm/vm.h"

/* 0; -EFAULT: the VM has no memory there; -EIO: the file has become shorter. */
int boot_load_file(const struct vm *vm, const struct boot_file *file, uint64_t offset, uint64_t gpa,
		   uint64_t size);
/* Memory that the guest is to find as 0. -EFAULT: as above. */
int boot_clear(const struct vm *vm, uint64_t gpa, uint64_t size);
/* All segments, each so far above the place that it names. */
int boot_load_image(const struct vm *vm, const struct boot_file *file, const struct boot_image *image,
		    uint64_t shift);

#endif
