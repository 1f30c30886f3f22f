/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ACPI tables of a PC with nothing but CPUs, their interrupt controllers and a switch to power it
 * off: RSDP, XSDT, FADT, MADT and a DSDT that has _S5. Kernels need them for more than one CPU. Pure.
 */
#ifndef ACPI_H
#define ACPI_H

#include <stddef.h>
#include <stdint.h>

/* Ports that the FADT names. */
enum acpi_port {
	ACPI_PM1_EVENT = 0x600,		/* 4 bytes: status, enable */
	ACPI_PM1_CONTROL = 0x604,	/* 2 bytes */
	ACPI_RESET = 0xcf9,		/* 1 byte */
	ACPI_RESET_VALUE = 6,
};
#define ACPI_SLEEP_ENABLE 0x2000u	/* of PM1 control: SLP_EN; the only state is _S5 */

#define ACPI_CPUS_MAX 254
#define ACPI_SIZE 0x1000		/* of all tables */

/* Writes the tables for `cpus` CPUs with the APIC ids 0, 1, ..., as they are to lie at gpa. */
void acpi_tables(uint8_t tables[ACPI_SIZE], uint32_t gpa, unsigned int cpus);

#endif
