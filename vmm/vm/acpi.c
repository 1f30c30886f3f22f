// SPDX-License-Identifier: GPL-2.0-only
/* ACPI specification 6.5, chapter 5.2. Numbers are little-endian, as on the host. */
#include "vm/acpi.h"

#include <string.h>

/* Where the tables lie among themselves. */
enum { AT_RSDP = 0, AT_XSDT = 0x40, AT_FADT = 0x100, AT_DSDT = 0x240, AT_MADT = 0x280 };

#define OEM "MINIVM"
#define SCI_IRQ 9
#define IO_APIC_GPA 0xfec00000u
#define LOCAL_APIC_GPA 0xfee00000u

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

struct xsdt {
	struct header header;
	uint64_t tables[2];
} __attribute__((packed));

struct address {
	uint8_t space, width, offset, access;
	uint64_t at;
} __attribute__((packed));

/* Revision 4; what is left out is 0: there is no such thing. */
struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint16_t sci_irq;
	uint8_t to_smi[8];
	uint32_t pm1a_event, pm1b_event, pm1a_control, more_blocks[5];
	uint8_t pm1_event_length, pm1_control_length, more_lengths[19];
	uint16_t boot_architecture;
	uint8_t reserved2;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value, reserved3[3];
	uint64_t x_facs, x_dsdt;
	struct address x_blocks[8];
} __attribute__((packed));

_Static_assert(sizeof(struct rsdp) == 36 && sizeof(struct header) == 36, "as ACPI has them");
_Static_assert(sizeof(struct fadt) == 244, "as ACPI 4.0 has it");
_Static_assert(__builtin_offsetof(struct fadt, boot_architecture) == 109, "as ACPI has it");

struct madt {
	struct header header;
	uint32_t local_apic, flags;
} __attribute__((packed));

#define FADT_LEGACY_DEVICES 1u		/* of boot_architecture: ISA devices, among them the serial port */
#define FADT_NO_VGA 4u
#define FADT_NO_CMOS_RTC 0x20u
#define FADT_WBINVD 1u			/* of flags */
#define FADT_C1 4u
#define FADT_NO_POWER_BUTTON 0x10u
#define FADT_NO_SLEEP_BUTTON 0x20u
#define FADT_HAS_RESET 0x400u
#define MADT_HAS_PIC 1u

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

static void begin(struct header *header, const char *signature, uint8_t revision)
{
	*header = (struct header){ .revision = revision, .oem_revision = 1, .creator_revision = 1 };
	memcpy(header->signature, signature, sizeof(header->signature));
	memcpy(header->oem, OEM, sizeof(header->oem));
	memcpy(header->oem_table, "MINIVMM ", sizeof(header->oem_table));
	memcpy(header->creator, "MVMM", sizeof(header->creator));
}

static void end(struct header *header, size_t length)
{
	header->length = (uint32_t)length;
	header->checksum = checksum(header, length);
}

static void put_rsdp(uint8_t *tables, uint32_t gpa)
{
	struct rsdp *rsdp = (void *)(tables + AT_RSDP);

	*rsdp = (struct rsdp){ .revision = 2, .length = sizeof(*rsdp), .xsdt = gpa + AT_XSDT };
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem, OEM, sizeof(rsdp->oem));
	rsdp->checksum = checksum(rsdp, 20);	/* of ACPI 1.0's part */
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

static void put_xsdt(uint8_t *tables, uint32_t gpa)
{
	struct xsdt *xsdt = (void *)(tables + AT_XSDT);

	begin(&xsdt->header, "XSDT", 1);
	xsdt->tables[0] = gpa + AT_FADT;
	xsdt->tables[1] = gpa + AT_MADT;
	end(&xsdt->header, sizeof(*xsdt));
}

static void put_fadt(uint8_t *tables, uint32_t gpa)
{
	struct fadt *fadt = (void *)(tables + AT_FADT);

	memset(fadt, 0, sizeof(*fadt));
	begin(&fadt->header, "FACP", 4);
	fadt->dsdt = gpa + AT_DSDT;
	fadt->x_dsdt = gpa + AT_DSDT;
	fadt->sci_irq = SCI_IRQ;
	fadt->pm1a_event = ACPI_PM1_EVENT;
	fadt->pm1_event_length = 4;
	fadt->pm1a_control = ACPI_PM1_CONTROL;
	fadt->pm1_control_length = 2;
	fadt->boot_architecture = FADT_LEGACY_DEVICES | FADT_NO_VGA | FADT_NO_CMOS_RTC;
	fadt->flags = FADT_WBINVD | FADT_C1 | FADT_NO_POWER_BUTTON | FADT_NO_SLEEP_BUTTON |
		      FADT_HAS_RESET;
	fadt->reset = (struct address){ .space = 1, .width = 8, .access = 1, .at = ACPI_RESET };
	fadt->reset_value = ACPI_RESET_VALUE;
	end(&fadt->header, sizeof(*fadt));
}

/* Name(_S5, Package(){5, 0, 0, 0}) in AML: to power off, write sleep type 5 to PM1a control. */
static void put_dsdt(uint8_t *tables)
{
	static const uint8_t aml[] = { 0x08, '_', 'S', '5', '_', 0x12, 7, 4, 0x0a, 5, 0, 0, 0 };
	struct header *dsdt = (void *)(tables + AT_DSDT);

	begin(dsdt, "DSDT", 2);
	memcpy(dsdt + 1, aml, sizeof(aml));
	end(dsdt, sizeof(*dsdt) + sizeof(aml));
}

static uint8_t *put_cpus(uint8_t *at, unsigned int cpus)
{
	for (unsigned int i = 0; i < cpus; i++, at += 8)
		memcpy(at, (uint8_t[8]){ 0, 8, (uint8_t)i, (uint8_t)i, 1 }, 8);
	return at;
}

/* CPUs, one I/O APIC, the timer at its pin 2 (interrupt source override), NMI at LINT1 of each CPU. */
static void put_madt(uint8_t *tables, unsigned int cpus)
{
	const uint8_t io_apic[12] = { 1, 12, (uint8_t)cpus, 0, 0, 0, IO_APIC_GPA >> 16 & 0xff,
				      IO_APIC_GPA >> 24 };
	const uint8_t timer[10] = { 2, 10, 0, 0, 2 }, nmi[6] = { 4, 6, 0xff, 0, 0, 1 };
	struct madt *madt = (void *)(tables + AT_MADT);
	uint8_t *at = (uint8_t *)(madt + 1);

	begin(&madt->header, "APIC", 3);
	madt->local_apic = LOCAL_APIC_GPA;
	madt->flags = MADT_HAS_PIC;
	at = put_cpus(at, cpus);
	memcpy(at, io_apic, sizeof(io_apic));
	at += sizeof(io_apic);
	memcpy(at, timer, sizeof(timer));
	at += sizeof(timer);
	memcpy(at, nmi, sizeof(nmi));
	at += sizeof(nmi);
	end(&madt->header, (size_t)(at - (uint8_t *)madt));
}

_Static_assert(AT_MADT + sizeof(struct madt) + 8 * ACPI_CPUS_MAX + 28 <= ACPI_SIZE, "it has room");

void acpi_tables(uint8_t tables[ACPI_SIZE], uint32_t gpa, unsigned int cpus)
{
	memset(tables, 0, ACPI_SIZE);
	put_rsdp(tables, gpa);
	put_xsdt(tables, gpa);
	put_fadt(tables, gpa);
	put_dsdt(tables);
	put_madt(tables, cpus);
}
