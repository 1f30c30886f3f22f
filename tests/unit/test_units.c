// SPDX-License-Identifier: GPL-2.0-only
/* Numbers are read whole or not at all, and shown without lying. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <inttypes.h>
#include <cmocka.h>

#include "base/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reading {
	const char *text;
	uint64_t value;
};

struct showing {
	uint64_t value;
	const char *text;
};

static void check_readings(bool (*parse)(const char *, uint64_t *), const struct reading *good,
			   size_t good_count, const char *const *bad, size_t bad_count)
{
	for (size_t i = 0; i < good_count; i++) {
		uint64_t value = 7;

		if (!parse(good[i].text, &value) || value != good[i].value)
			fail_msg("%s was read as %" PRIu64, good[i].text, value);
	}
	for (size_t i = 0; i < bad_count; i++) {
		uint64_t value = 7;

		if (parse(bad[i], &value) || value != 7)
			fail_msg("\"%s\" was taken for %" PRIu64, bad[i], value);
	}
}

static void check_showings(char *(*format)(char *, uint64_t), const struct showing *list,
			   size_t count)
{
	char buffer[UNIT_TEXT];

	for (size_t i = 0; i < count; i++) {
		assert_string_equal(format(buffer, list[i].value), list[i].text);
		assert_ptr_equal(format(buffer, list[i].value), buffer);
	}
}

static void numbers_are_decimal_or_hexadecimal(void **state)
{
	static const struct reading good[] = {
		{ "0", 0 }, { "1", 1 }, { "42", 42 }, { "0x0", 0 }, { "0x1F", 31 }, { "0Xff", 255 },
		{ "0x00ff", 255 }, { "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
	};
	static const char *const bad[] = {
		"", " ", " 1", "1 ", "-1", "+1", "010", "00", "0x", "x", "1x", "0x1g", "1.5", "1e3",
		"12abc", "4K", "18446744073709551616", "0x10000000000000000",
		"99999999999999999999999", "0b1", "1\n", "--", "0-1",
	};

	(void)state;
	check_readings(parse_u64, good, COUNT(good), bad, COUNT(bad));
}

static void sizes_have_binary_suffixes(void **state)
{
	static const struct reading good[] = {
		{ "0", 0 }, { "4096", 4096 }, { "4K", 4096 }, { "4k", 4096 }, { "4KiB", 4096 },
		{ "0x10K", 16384 }, { "3G", 3ull << 30 }, { "61GiB", 61ull << 30 },
		{ "1T", 1ull << 40 }, { "16383P", 16383ull << 50 }, { "64M", 64 << 20 },
		{ "4Ki", 4096 }, { "4 Ki", 4096 }, { "64 GiB", 64ull << 30 },
		{ "0K", 0 }, { "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = {
		"", "K", "1.5G", "1,5G", "4 ", "4 K", "4  KiB", "4KB", "4Kib", "4 i", "4 iB", "4KiBx", "4B", "4KK",
		"16384P", "18446744073709551615K", "-4K", "010K", "1E", "4iB", "0xG",
	};

	(void)state;
	check_readings(parse_size, good, COUNT(good), bad, COUNT(bad));
}

static void durations_have_units(void **state)
{
	static const struct reading good[] = {
		{ "0", 0 }, { "500ns", 500 }, { "20us", 20000 }, { "500ms", 500000000 },
		{ "60s", 60000000000 }, { "60", 60000000000 }, { "10m", 600000000000 },
		{ "2h", 7200000000000 }, { "18446744073s", 18446744073000000000u },
	};
	static const char *const bad[] = {
		"", "s", "ms", "1.5s", "60 s", "60sec", "5min", "-1s", "01s", "18446744074",
		"1d", "5M", "60S", "1h30m",
	};

	(void)state;
	check_readings(parse_duration, good, COUNT(good), bad, COUNT(bad));
}

static void yes_and_no_have_synonyms(void **state)
{
	static const char *const words[] = {
		"no", "yes", "off", "on", "false", "true", "0", "1", "No", "YES", "Off", "On",
	};
	static const char *const bad[] = { "", "y", "n", "yess", "2", "00", " yes", "none", "-1" };
	bool value;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		value = !(i % 2);
		assert_true(parse_bool(words[i], &value));
		assert_int_equal(value, i % 2);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(parse_bool(bad[i], &value));
}

static void bytes_are_exact_where_round(void **state)
{
	static const struct showing list[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1 KiB" }, { 4096, "4 KiB" },
		{ 4097, "4.0 KiB" }, { 1536, "1.5 KiB" }, { 3ull << 30, "3 GiB" },
		{ 134532301, "128.3 MiB" }, { 1048575, "1.0 MiB" }, { 1023 * 1024, "1023 KiB" },
		{ 1ull << 40, "1 TiB" }, { 1ull << 50, "1 PiB" }, { 1ull << 60, "1 EiB" },
		{ UINT64_MAX, "16.0 EiB" }, { 1025ull << 30, "1.0 TiB" },
	};

	(void)state;
	check_showings(format_bytes, list, COUNT(list));
}

static void times_have_three_digits(void **state)
{
	static const struct showing list[] = {
		{ 0, "0 ns" }, { 999, "999 ns" }, { 1000, "1 us" }, { 1300000, "1.3 ms" },
		{ 1254321, "1.25 ms" }, { 999499, "999 us" }, { 999500, "1 ms" },
		{ 138000000, "138 ms" }, { 60000000000, "60 s" }, { 600000000000, "600 s" },
		{ 3600000000000, "60 min" }, { 86400000000000, "24 h" },
		{ 360000000000000, "100 h" }, { UINT64_MAX, "5124096 h" },
	};

	(void)state;
	check_showings(format_ns, list, COUNT(list));
}

static void a_size_is_shown_as_a_config_takes_it(void **state)
{
	static const struct showing list[] = {
		{ 0, "0" }, { 1, "1" }, { 4096, "4K" }, { 4097, "4097" }, { 61ull << 30, "61G" },
		{ 1536ull << 20, "1536M" }, { 8ull << 40, "8T" }, { 2ull << 60, "2048P" },
		{ (8ull << 40) - 4096, "8589934588K" }, { UINT64_MAX, "18446744073709551615" },
	};

	(void)state;
	check_showings(format_size_key, list, COUNT(list));
	/* What it writes, a config reads. */
	for (size_t i = 0; i < COUNT(list); i++) {
		uint64_t value = ~list[i].value;

		assert_true(parse_size(list[i].text, &value));
		assert_int_equal(value, list[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_or_hexadecimal),
		cmocka_unit_test(sizes_have_binary_suffixes),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(yes_and_no_have_synonyms),
		cmocka_unit_test(bytes_are_exact_where_round),
		cmocka_unit_test(times_have_three_digits),
		cmocka_unit_test(a_size_is_shown_as_a_config_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
