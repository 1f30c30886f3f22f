// SPDX-License-Identifier: GPL-2.0-only
/* Formats that other programs read: what a file says can't break out of them. */
#include "report_scenes.h"

#include "base/csv.h"
#include "base/xml.h"
#include "cmd/sweep.h"
#include "fleet/html.h"
#include "fleet/plot.h"
#include "report/prom.h"
#include "report/report_render.h"

static char *memory;
static size_t memory_size;

static FILE *open_out(void)
{
	FILE *out = open_memstream(&memory, &memory_size);

	assert_non_null(out);
	return out;
}

static void assert_written(FILE *out, const char *want)
{
	fclose(out);
	assert_string_equal(memory, want);
	free(memory);
	memory = NULL;
}

/* Whatever the text is, the XML is well-formed, and a parser gets back what XML can have of it. */
static void test_xml(void **state)
{
	static const struct {
		const char *text, *xml;
	} rows[] = {
		{ "plain", "plain" }, { "a<b>&\"c\"", "a&lt;b&gt;&amp;&quot;c&quot;" },
		{ "]]>", "]]&gt;" }, { "a\nb\tc\rd", "a&#10;b&#9;c?d" }, { "\x1b[31m\x7f", "?[31m?" },
		{ "\xc2\x9b\xc3\xa4", "?\xc3\xa4" }, { "\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "??\xef\xbf\xbd" },
		{ "\xc2", "?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		xml_put(out, rows[i].text);
		fclose(out);
		assert_string_equal(text, rows[i].xml);
		free(text);
	}
}

static void test_csv_fields(void **state)
{
	json_t *value = json_pack("{s:i, s:b, s:n, s:{s:s}}", "n", -4096, "b", 1, "null", "deep",
				  "text", "a,b");
	FILE *out = open_out();

	(void)state;
	csv_text(out, "plain text");
	csv_next(out);
	csv_text(out, "a,\"b\"\r\nc\x01");
	csv_next(out);
	csv_text(out, NULL);
	csv_next(out);
	csv_member(out, value, "n");
	csv_next(out);
	csv_member(out, value, "b");
	csv_next(out);
	csv_member(out, value, "null");
	csv_next(out);
	csv_member(out, value, "deep.text");
	csv_end(out);
	json_decref(value);
	assert_written(out, "plain text,\"a,\"\"b\"\"\r\nc \",,-4096,true,,\"a,b\"\r\n");
}

static void test_prom_samples(void **state)
{
	FILE *out = open_out();

	(void)state;
	prom_family(out, "a_bytes", "gauge", "Bytes.");
	prom_integer(out, "a_bytes", PROM_LABELS("x", "\\ \" \n }", "none", NULL, "y", "1"), -5);
	prom_integer(out, "a_bytes", PROM_LABELS("none", NULL), INT64_MIN);
	prom_seconds(out, "a_seconds", PROM_NO_LABELS, 1500000001);
	prom_seconds(out, "a_seconds", PROM_NO_LABELS, -1);
	assert_written(out, "# HELP a_bytes Bytes.\n# TYPE a_bytes gauge\n"
		       "a_bytes{x=\"\\\\ \\\" \\n }\",y=\"1\"} -5\n"
		       "a_bytes -9223372036854775808\n"
		       "a_seconds 1.500000001\na_seconds -0.000000001\n");
}

static void test_html_text(void **state)
{
	FILE *out = open_out();

	(void)state;
	html_text(out, "<script>\"a\" & b\x1b");
	html_cell(out, "n", NULL);
	html_cell(out, html_result_class("\" onclick=\""), "x");
	assert_written(out, "&lt;script&gt;&quot;a&quot; &amp; b?<td class=\"n\">-</td><td>x</td>");
}

static void test_plot_text(void **state)
{
	FILE *out = open_out();

	(void)state;
	plot_text(out, "a`rm`\"\\n$x@y\n'b'");
	assert_written(out, "a_rm___n_x_y_'b'");
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Fails of the given names, of which the line has room for some. */
static json_t *failed(const char *const *names)
{
	json_t *checks = json_array();

	for (; *names; names++)
		json_array_append_new(checks, json_pack("{s:s, s:s}", "name", *names,
							"result", "fail"));
	return json_pack("{s:s, s:{s:s, s:s}, s:o}", "result", "fail", "host", "kernel", "6.12",
			 "cpu_vendor", "amd", "checks", checks);
}

static void test_brief_whole_names(void **state)
{
	static const char *const many[] = { "name-of-20-letters-1", "name-of-20-letters-2",
					    "name-of-20-letters-3", "last", NULL };
	static const char *const two[] = { "rmap.exact", "klog.clean", NULL };
	json_t *report = failed(many);
	FILE *out = open_out();

	(void)state;
	report_brief(report, out);
	assert_written(out, "FAIL 6.12 amd: name-of-20-letters-1 name-of-20-letters-2 ..\n");
	json_decref(report);
	report = failed(two);
	out = open_out();
	report_brief(report, out);
	assert_written(out, "FAIL 6.12 amd: rmap.exact klog.clean\n");
	json_decref(report);
}

static void test_sweep_csv(void **state)
{
	json_t *points = json_pack("[{s:i, s:i, s:n, s:i, s:s}]", "size_bytes", 4096, "slots", 1,
				   "transition_ns", "measured_bytes", 9, "result", "pass");
	json_t *sweep = sweep_json(NULL, points);
	FILE *out = open_out();

	(void)state;
	assert_int_equal(sweep_csv(sweep, out), 0);
	assert_written(out, "size_bytes,slots,predicted_bytes,measured_bytes,transition_ns,"
			    "kvm_mmu_load_ns,memset_floor_ns,result\r\n"
			    "4096,1,,9,,,,pass\r\n");
	json_decref(sweep);
}

static void test_report_csv(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	text = scene_text(test, report_csv);
	assert_int_equal(lines_of(text), 1 + 5);
	assert_line(text, ",npt,134750208,134750208,33619968,33619968\r\n");
}

static void test_report_csv_without_phases(void **state)
{
	struct scene_test *test = *state;
	char *text;

	no_kvm(&test->scene);
	text = scene_text(test, report_csv);
	assert_int_equal(lines_of(text), 2);
	assert_line(text, ",skip,,");
}

static void test_report_prom(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	text = scene_text(test, report_prom);
	assert_line(text, "\nminivmm_start_time_seconds 1767225600\n");
	assert_line(text, "\nminivmm_result{result=\"pass\"} 1\n");
	assert_line(text, "\nminivmm_check{check=\"rmap.exact\"} 1\n");
	assert_line(text, "\nminivmm_transition_rmap_bytes 134750208\n");
	assert_line(text, "{index=\"3\",phase=\"transition\",array=\"rmap\"} 134750208\n");
}

/* Two reports may stand in one folder: each of their series says of which config it is. */
static void test_report_prom_config(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	test->scene.config.name = (char[]){ "a b.ini vm.vcpus=2" };
	text = scene_text(test, report_prom);
	assert_line(text, "\nminivmm_result{config=\"a b.ini vm.vcpus=2\",result=\"pass\"} 1\n");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (*line != '#' && !strstr(line, "{config=\"a b.ini vm.vcpus=2\""))
			fail_msg("no config: %s", line);
}

/* What is not known has no sample: never a 0. */
static void test_report_prom_unknown(void **state)
{
	struct scene_test *test = *state;
	char *text;

	no_sources(&test->scene);
	text = scene_text(test, report_prom);
	assert_null(strstr(text, "array=\"rmap\"} 0"
			   "\nminivmm_phase_bytes"));
	assert_null(strstr(text, "minivmm_transition_rmap_bytes"));
}

/* Any JSON: nothing crashes, and the page stays one. */
static void test_anything(void **state)
{
	static const char *const texts[] = {
		"{}", "{\"phases\":[1,null,{}],\"checks\":[[]],\"slots\":[{}],\"host\":7}",
		"{\"phases\":{},\"host\":{\"kvm\":{\"tdp\":true},\"sources\":{\"x\":1}},"
		"\"transition\":{\"observed\":true},\"result\":\"<b>\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *report = json_loads(texts[i], 0, NULL);
		struct html_report both[] = { { report, "a" }, { report, "b" } };
		FILE *out = open_out();

		assert_non_null(report);
		free(render(report, report_csv));
		free(render(report, report_prom));
		assert_int_equal(html_page(both, 2, out), 0);
		fclose(out);
		assert_null(strstr(memory, "<b>"));
		assert_line(memory, "</html>\n");
		free(memory);
		json_decref(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_csv_fields), cmocka_unit_test(test_prom_samples),
		cmocka_unit_test(test_html_text), cmocka_unit_test(test_plot_text),
		cmocka_unit_test(test_brief_whole_names), cmocka_unit_test(test_sweep_csv),
		scene_test(test_report_csv), scene_test(test_report_csv_without_phases),
		scene_test(test_report_prom), scene_test(test_report_prom_config), scene_test(test_report_prom_unknown),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
