// SPDX-License-Identifier: GPL-2.0-only
/* minivmm sweep: a run for each size and number of slots; the table has a row for each. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/config_arguments.h"
#include "cmd/one_run.h"
#include "cmd/options.h"
#include "cmd/runs_outcome.h"
#include "cmd/sweep.h"
#include "config/ini.h"
#include "config/layout.h"
#include "report/report_runs.h"
#include "vm/signals.h"

#define POINTS 64
#define SLOTS 32764		/* KVM's limit for one VM */
#define STRING(text) #text
#define TEXT_OF(number) STRING(number)

static const char doc[] =
	"Measures the transition by the VM's size and its number of slots: its time, the predicted "
	"and the measured bytes and, as root with tracefs, the time of kvm_mmu_load and of a memset "
	"of as many bytes. Sizes that this host lacks the memory for are skipped.\v"
	"Example: minivmm sweep --sizes 1G,4G --slots 1,32 -o sweep.json\n\n"
	"Exit status: 0 every point that ran passed, 1 one failed, 2 usage error, 3 environment "
	"or internal error, 4 none could be judged.";

enum key { KEY_SIZES = 512, KEY_SLOTS };

struct list {
	uint64_t values[POINTS];
	size_t count;
};

struct arguments {
	struct list sizes, slots;
	struct options options;
	const struct signals *signals;
};

static bool parse_list(const char *text, bool sizes, struct list *list)
{
	char *copy = strdup(text), *rest = copy, *word;
	bool good = copy != NULL;

	list->count = 0;
	while (good && (word = strsep(&rest, ","))) {
		uint64_t *value = &list->values[list->count++];

		good = (sizes ? parse_size(word, value) : parse_u64(word, value)) &&
		       (sizes ? *value >= 64u << 20 && !(*value % 4096) :
				*value >= 1 && *value <= SLOTS) &&
		       (list->count < POINTS || !rest);
	}
	free(copy);
	return good;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		return 0;
	case KEY_SIZES:
		if (!parse_list(argument, true, &arguments->sizes))
			command_line_error(state, "--sizes %s: not sizes of at least 64M, as in 1G,4G,64G",
				   argument);
		return 0;
	case KEY_SLOTS:
		if (!parse_list(argument, false, &arguments->slots))
			command_line_error(state, "--slots %s: not numbers from 1 to " TEXT_OF(SLOTS)
				   ", as in 1,100,1000", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The memfd exists, so it is its name that is not there. */
static int no_proc(struct errors *errors)
{
	errors_free(errors);
	errors_add(errors, INI_NO_PROC);
	return -ENODEV;
}

/* Loads the point's config from a memfd, as any other config is loaded. */
static int load_point(uint64_t size, uint64_t slots, const struct options *options,
		      struct config *config, struct errors *errors)
{
	char *text = sweep_config(size, slots), path[32];
	int fd = text ? memfd_create("sweep.ini", MFD_CLOEXEC) : -1;
	int code = -EINVAL;

	if (!text) {
		errors_add(errors, "more slots than pages");
	} else if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		errors_add(errors, "memfd_create: %s", strerror(errno));
		code = -EIO;
	} else {
		const struct config_arguments file = { .path = path, .builtin = true };

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		code = config_arguments_load(&file, options, config, errors);
		if (code == -ENOENT)
			code = no_proc(errors);
	}
	if (fd >= 0)
		close(fd);
	free(text);
	return code;
}

/* The rule in "/proc/self/fd/3:7: memslot.row.size: 5: rule": the user can't see that file. */
static const char *rule_of(const char *line)
{
	const char *rule = line;

	for (int i = 0; rule && i < 3; i++) {
		rule = strstr(rule, ": ");
		rule = rule ? rule + 2 : NULL;
	}
	return rule && !strncmp(line, "/proc/", 6) ? rule : line;
}

/* Prints the first error only: the slots of a row are alike, and so are their errors. */
static void print_point_error(uint64_t size, uint64_t slots, const struct errors *errors)
{
	char text[UNIT_TEXT];

	cmd_say("minivmm sweep: --sizes %s --slots %llu: %s", format_size_key(text, size),
		(unsigned long long)slots, errors->count ? rule_of(errors->lines[0]) : "no memory");
}

struct point {
	const struct arguments *arguments;
	const struct runs_outcome *outcome;
	uint64_t size, slots;
	const json_t *reports;		/* of its runs that ended */
};

/* The points so far, and one whose run a signal does not end. */
static void deliver(void *taker, json_t *report)
{
	const struct point *point = taker;
	json_t *rows = report ? json_copy(point->outcome->rows) : NULL;

	if (!rows)
		return;
	report = report_of_runs_and(point->reports, report);
	json_array_append_new(rows, sweep_point(point->size, point->slots, report));
	cmd_deliver(sweep_json(json_object_get(report, "host"), rows), DOCUMENT_SWEEP, &point->arguments->options);
	json_decref(report);
}

/* Returns the point's report, or NULL after printing the errors. */
static json_t *run_point(struct session *session, const struct arguments *arguments,
			 uint64_t size, uint64_t slots, struct runs_outcome *outcome,
			 const json_t *reports)
{
	struct point point = { arguments, outcome, size, slots, reports };
	char what[80], text[UNIT_TEXT];
	const struct one_run one = {
		.session = session, .options = &arguments->options, .what = what, .take = deliver, .taker = &point,
	};
	struct errors errors = { 0 };
	json_t *report;

	snprintf(what, sizeof(what), "%s in %llu slots", format_bytes(text, size),
		 (unsigned long long)slots);
	if (one_run(&one, &report, &errors)) {
		if (errors.count || errors.lost)
			print_point_error(size, slots, &errors);
		else
			cmd_print_err(&session->run.err);
	}
	outcome->signal = session->run.signal;
	outcome->stuck = session->run.stuck;
	errors_free(&errors);
	return report;
}

/* A run of a point, whose report is added to reports. */
static void run_one(const struct arguments *arguments, uint64_t size, uint64_t slots,
		    struct session *session, struct runs_outcome *outcome, json_t *reports)
{
	struct errors errors = { 0 };
	json_t *report;

	if (load_point(size, slots, &arguments->options, &session->config, &errors)) {
		print_point_error(size, slots, &errors);
		errors_free(&errors);
		outcome->broke = true;
		return;
	}
	session->run.signals = arguments->signals;
	report = run_point(session, arguments, size, slots, outcome, reports);
	if (!report || json_array_append_new(reports, report))
		outcome->broke = true;
	errors_free(&errors);
}

static void run_with_session(const struct arguments *arguments, uint64_t size, uint64_t slots,
			     struct runs_outcome *outcome, json_t *reports)
{
	struct session *session = session_new();

	if (session) {
		run_one(arguments, size, slots, session, outcome, reports);
	} else {
		cmd_no_memory("the run");
		outcome->broke = true;
	}
	session_free(session);
}

static void sweep_one(const struct arguments *arguments, uint64_t size, uint64_t slots,
		      struct runs_outcome *outcome)
{
	uint64_t runs = arguments->options.runs ? arguments->options.runs : 1;
	json_t *reports = json_array(), *report;
	bool broke = outcome->broke;

	outcome->broke = false;
	for (uint64_t i = 0; i < runs && !outcome->broke && !outcome->signal && !outcome->stuck; i++)
		run_with_session(arguments, size, slots, outcome, reports);
	report = report_of_runs(reports);
	if (report)
		runs_outcome_add(outcome, report, sweep_point(size, slots, report));
	else
		outcome->broke = true;
	outcome->broke |= broke;
	json_decref(report);
	json_decref(reports);
}

/* Finds what KVM would refuse on any host, before anything runs. 0 or an exit status. */
static int check_point(uint64_t size, uint64_t slots)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct errors errors = { 0 };
	struct config config;
	struct layout layout;
	int code = load_point(size, slots, NULL, &config, &errors);

	if (!code) {
		code = layout_build(&config, &limits, &layout, &errors);
		if (!code)
			layout_free(&layout);
		config_free(&config);
	}
	if (code)
		print_point_error(size, slots, &errors);
	errors_free(&errors);
	return code ? cmd_config_status(code) : 0;
}

static int check_points(const struct arguments *arguments)
{
	int status = 0;

	for (size_t i = 0; i < arguments->sizes.count; i++)
		for (size_t j = 0; j < arguments->slots.count; j++) {
			int bad = check_point(arguments->sizes.values[i], arguments->slots.values[j]);

			status = bad > status ? bad : status;
		}
	return status;
}

static int sweep(const struct arguments *arguments)
{
	struct runs_outcome outcome = { .rows = json_array() };
	int status;

	for (size_t i = 0; i < arguments->sizes.count; i++)
		for (size_t j = 0; j < arguments->slots.count && !outcome.signal && !outcome.stuck; j++)
			sweep_one(arguments, arguments->sizes.values[i], arguments->slots.values[j],
				  &outcome);
	signals_claim(arguments->signals);
	status = cmd_deliver(sweep_json(outcome.host, outcome.rows), DOCUMENT_SWEEP,
			     &arguments->options);
	json_decref(outcome.host);
	return status ? status : runs_outcome_status(&outcome);
}

int cmd_sweep(int argc, char **argv)
{
	/* Nothing in a sweep is random. */
	static const struct options_use use = {
		.documents = DOCUMENT(SWEEP), .unused = UNUSED_SEED, .judges = true,
		.output_help = "Write the JSON to FILE, atomically",
	};
	struct arguments arguments = { .options.trace = true };
	const struct argp_option rows[] = {
		{ "sizes", KEY_SIZES, "LIST", 0, "Sizes of the VM (1G,2G,4G,8G,16G,32G,64G)", 0 },
		{ "slots", KEY_SLOTS, "LIST", 0, "Its numbers of memslots, 1 to 32764 (1,32,1024)", 0 },
		{ 0 }
	};
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 }, { 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .doc = doc, .children = children,
	};
	struct signals signals;
	int status;

	parse_list("1G,2G,4G,8G,16G,32G,64G", true, &arguments.sizes);
	parse_list("1,32,1024", false, &arguments.slots);
	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	status = check_points(&arguments);
	if (status)
		return status;
	if (cmd_limit_run() || cmd_check_output(&arguments.options) || cmd_open_signals(&signals))
		return EXIT_ENVIRONMENT;
	arguments.signals = &signals;
	status = sweep(&arguments);
	signals_close(&signals);
	return status;
}
