// SPDX-License-Identifier: GPL-2.0-only
/*
 * The C library's functions that libfdt.a and the compiler call. Small, not fast; the linker
 * drops unused ones.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) :: "memory");
	return result;
}

void *memset(void *to, int byte, size_t size)
{
	void *result = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return result;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *out = to;
	const char *in = from;

	if ((uintptr_t)to - (uintptr_t)from >= size)
		return memcpy(to, from, size);
	while (size--)
		*(volatile char *)(out + size) = in[size];
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *left = a, *right = b;

	for (; size; size--, left++, right++)
		if (*left != *right)
			return *left - *right;
	return 0;
}

void *memchr(const void *memory, int byte, size_t size)
{
	const unsigned char *at = memory;

	for (; size; size--, at++)
		if (*at == (unsigned char)byte)
			return (void *)at;
	return NULL;
}

/* Without volatile the compiler recognises strlen() in the loop, and the function calls itself. */
size_t strnlen(const char *text, size_t max)
{
	size_t length = 0;

	while (length < max && ((volatile const char *)text)[length])
		length++;
	return length;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

char *strchr(const char *text, int c)
{
	return memchr(text, c, strlen(text) + 1);
}

char *strrchr(const char *text, int c)
{
	for (size_t i = strlen(text) + 1; i--; )
		if (text[i] == (char)c)
			return (char *)text + i;
	return NULL;
}

int strcmp(const char *a, const char *b)
{
	size_t length = strlen(a), other = strlen(b);

	return memcmp(a, b, (length < other ? length : other) + 1);
}

_Noreturn void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	asm volatile("ud2");
	__builtin_unreachable();
}
