/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An option ROM for Bochs' BIOS that starts an unpacked kernel from a disk. A boot loader, its menu and a kernel that
 * unpacks itself would take half a minute of emulation. The kernel is entered as a PVH guest is (Xen's hvm/start_info.h),
 * with the memory map which Bochs' BIOS would name (rombios.c, INT 15h E820).
 *
 * Symbols: ROM_SIZE, MEMORY, KERNEL_AT, KERNEL_SECTORS, KERNEL_ENTRY, INITRD_AT, INITRD_SIZE. The disk holds the kernel's
 * memory and then the initrd, both from a sector's start. The file `append` is the kernel's command line.
 */
	.set	HERE, 0x8000		/* where it runs; linked for this address */
	.set	STARTED, 0x7ffc		/* a word that a reset leaves as it is */
	.set	STARTED_MARK, 0x6d766d6d
	.set	INITRD_SECTORS, (INITRD_SIZE + 511) / 512

	.text
	.code16
	.byte	0x55, 0xaa, ROM_SIZE / 512
	cli
	cld
	xor	%ax, %ax
	mov	%ax, %es
	mov	%ax, %ss
	mov	$STARTED, %sp
	push	%cs
	pop	%ds
	xor	%si, %si
	mov	$HERE, %di
	mov	$ROM_SIZE, %cx
	rep movsb
	mov	%ax, %ds
	ljmp	$0, $at_home
at_home:
	/* A kernel that resets the machine has panicked: no second start. */
	cmpl	$STARTED_MARK, STARTED
	je	end
	movl	$STARTED_MARK, STARTED
	in	$0x92, %al		/* A20 */
	or	$2, %al
	out	%al, $0x92
	lgdt	gdtr
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmp	$8, $protected

end:	mov	$0x8900, %dx		/* Bochs ends when it reads this word there */
	mov	$word, %si
	mov	$word_end - word, %cx
	rep outsb
0:	hlt
	jmp	0b

	.code32
protected:
	mov	$16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$2, %al			/* no interrupts from the disk, it is polled */
	mov	$0x3f6, %dx
	out	%al, %dx
	mov	$KERNEL_AT, %edi
	xor	%ebx, %ebx
	mov	$KERNEL_SECTORS, %ecx
	call	read
	mov	$INITRD_AT, %edi
	mov	$KERNEL_SECTORS, %ebx
	mov	$INITRD_SECTORS, %ecx
	call	read
	mov	$start_info, %ebx
	mov	$KERNEL_ENTRY, %eax
	jmp	*%eax

/* Reads ECX sectors of the disk from EBX on to EDI, up to 256 with one command. */
read:	mov	%ecx, %ebp
	cmp	$256, %ebp
	jbe	0f
	mov	$256, %ebp
0:	sub	%ebp, %ecx
	mov	$0x1f2, %edx
	mov	%ebp, %eax		/* 0: 256 */
	out	%al, %dx
	mov	%ebx, %eax
	inc	%edx
	out	%al, %dx
	shr	$8, %eax
	inc	%edx
	out	%al, %dx
	shr	$8, %eax
	inc	%edx
	out	%al, %dx
	shr	$8, %eax
	or	$0xe0, %al		/* LBA, master */
	inc	%edx
	out	%al, %dx
	inc	%edx
	mov	$0x20, %al		/* READ SECTORS */
	out	%al, %dx
	add	%ebp, %ebx
1:	in	%dx, %al
	and	$0x88, %al
	cmp	$8, %al			/* DRQ and not BSY */
	jne	1b
	push	%ecx
	push	%edx
	mov	$128, %ecx
	mov	$0x1f0, %edx
	rep insl
	pop	%edx
	pop	%ecx
	dec	%ebp
	jnz	1b
	test	%ecx, %ecx
	jnz	read
	ret

	.balign	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:	.word	. - gdt - 1
	.long	gdt
word:	.ascii	"Shutdown"
word_end:

	.balign	8
start_info:
	.long	0x336ec578, 1, 0, 1	/* magic, version, flags, modules */
	.long	modules, 0, append, 0, 0, 0, map, 0	/* no RSDP: the kernel looks for it */
	.long	(map_end - map) / 24, 0
modules:
	.quad	INITRD_AT, INITRD_SIZE, 0, 0
map:	.quad	0, 0x9fc00, 1
	.quad	0xf0000, 0x10000, 2
	.quad	0x100000, MEMORY - 0x110000, 1
	.quad	MEMORY - 0x10000, 0x10000, 3 /* ACPI's tables */
	.quad	0xfffc0000, 0x40000, 2
map_end:
append:	.incbin	"append"
	.byte	0
	.org	ROM_SIZE
