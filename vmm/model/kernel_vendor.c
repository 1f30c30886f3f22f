// SPDX-License-Identifier: GPL-2.0-only
#include "model/kernel_vendor.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What a row says of a build option or a default. */
enum word {
	BY_VERSION,	/* as the stable series has it */
	NO,
	YES,
	OPEN,		/* kernels of this row differ, or the vendor's build is unknown */
};

/*
 * THE table of vendors. The first row that fits decides. A release fits if its version is the row's
 * (0: any), its build, the number behind the version, is at least the row's, and what follows the
 * version has one of the marks with no letter behind it: "-kvmsmall" does not have "-kvm".
 *
 * RHEL 9 (5.14.0-N.el9) rebases KVM to newer mainlines all the time. By its public sources, what
 * mainline has as "KVM: x86: enable TDP MMU by default" (5.15) is there since -30, "KVM: use __vcalloc
 * for very large allocations" (5.18) since -77, and write tracking only when needed (5.16) since -110.
 * CONFIG_DRM_I915_GVT_KVMGT, which selects external write tracking, is off since 9.3 (-362); which
 * build after 9.2 (-284) turned it off is unknown.
 *
 * RHEL 8.7 (4.18.0-425.el8) and newer have KVM of about 5.17 and the parameter kvm.tdp_mmu, whose
 * default is unknown; CONFIG_KVM_EXTERNAL_WRITE_TRACKING is set.
 *
 * Ubuntu, Proxmox (which builds on Ubuntu's kernels) and SUSE build KVMGT as a module; whether Ubuntu
 * does so for -fips and -realtime, and SUSE for -kvmsmall, -longterm and -rt (5.14's has it), is unknown.
 * Debian builds it for -amd64 and not for -cloud-amd64. By their uname -v, Debian's 5.10.0-28 is
 * 5.10.209-2 and 5.10.0-29 is 5.10.216-1; its backport of 5.10.0-29 is called 5.10.0-0.deb10.29.
 *
 * What SUSE's 5.14 (SLE 15 SP4 and SP5) and Oracle's UEK of 5.15 took of KVM's newer patches is not
 * known here. The third number of Amazon's and Microsoft's releases is the patch level of the stable
 * series; whether they build KVMGT is unknown.
 */
#define RHEL_MARK(n) ".el" #n
#define UBUNTU_MARKS                                                                               \
	"-generic|-lowlatency|-aws|-azure|-gcp|-gke|-gkeop|-ibm|-intel|-kvm|-nvidia|-oem|-oracle|-raspi"

static const struct row {
	const char *name, *marks;
	int major, minor, build;	/* of the release */
	int kvm_major, kvm_minor;	/* 0: as the release */
	enum word tdp_mmu, external_tracking, vcalloc;
} rows[] = {
	/* name		marks		release, build	   KVM    tdp_mmu     external	  vcalloc */
	{ "Oracle UEK",	"uek",		5, 15, 0,	   0, 0,  OPEN,       OPEN,	  OPEN },
	{ "Oracle UEK",	"uek",		0, 0, 0,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
	{ "RHEL 10",	RHEL_MARK(10),	6, 12, 0,	   0, 0,  YES,	      NO,	  YES },
	{ "RHEL 9",	RHEL_MARK(9),	5, 14, 362,	   5, 18, YES,	      NO,	  YES },
	{ "RHEL 9",	RHEL_MARK(9),	5, 14, 285,	   5, 18, YES,	      OPEN,	  YES },
	{ "RHEL 9",	RHEL_MARK(9),	5, 14, 110,	   5, 18, YES,	      YES,	  YES },
	{ "RHEL 9",	RHEL_MARK(9),	5, 14, 77,	   5, 15, YES,	      YES,	  YES },
	{ "RHEL 9",	RHEL_MARK(9),	5, 14, 30,	   5, 15, YES,	      YES,	  NO },
	{ "RHEL 9",	RHEL_MARK(9),	5, 14, 0,	   5, 14, NO,	      YES,	  NO },
	{ "RHEL 8",	RHEL_MARK(8),	4, 18, 425,	   5, 17, OPEN,	      YES,	  OPEN },
	{ "RHEL 8",	RHEL_MARK(8),	4, 18, 0,	   0, 0,  BY_VERSION, YES,	  BY_VERSION },
	{ "Amazon",	".amzn",	0, 0, 0,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
	{ "Microsoft",	"-microsoft-|.cm2|.azl",
					0, 0, 0,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
	{ "Proxmox",	"-pve",		0, 0, 0,	   0, 0,  BY_VERSION, YES,	  BY_VERSION },
	{ "SUSE",	"-default|-azure|-rt",
					5, 14, 150000,	   0, 0,  OPEN,	      YES,	  BY_VERSION },
	{ "SUSE",	"-azure",	0, 0, 150000,	   0, 0,  BY_VERSION, YES,	  BY_VERSION },
	{ "SUSE",	"-default",	0, 0, 0,	   0, 0,  BY_VERSION, YES,	  BY_VERSION },
	{ "SUSE",	"-rt",		0, 0, 150000,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
	{ "SUSE",	"-kvmsmall|-longterm",
					0, 0, 0,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
	{ "Ubuntu",	UBUNTU_MARKS,	0, 0, 0,	   0, 0,  BY_VERSION, YES,	  BY_VERSION },
	{ "Ubuntu",	"-fips|-realtime",
					0, 0, 0,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
	{ "Debian",	"cloud-amd64",	5, 10, 29,	   0, 0,  BY_VERSION, NO,	  YES },
	{ "Debian",	"cloud-amd64",	5, 10, 0,	   0, 0,  BY_VERSION, NO,	  NO },
	{ "Debian",	"cloud-amd64",	0, 0, 0,	   0, 0,  BY_VERSION, NO,	  BY_VERSION },
	{ "Debian",	"-amd64",	5, 10, 29,	   0, 0,  BY_VERSION, YES,	  YES },
	{ "Debian",	"-amd64",	5, 10, 0,	   0, 0,  BY_VERSION, YES,	  NO },
	{ "Debian",	"-amd64",	0, 0, 0,	   0, 0,  BY_VERSION, YES,	  BY_VERSION },
	{ "mainline",	"-rc",		0, 0, 0,	   0, 0,  BY_VERSION, OPEN,	  BY_VERSION },
};

/* A version alone is Debian's, of a flavour that is not known. */
static const struct row plain = { "Debian", "", 0, 0, 0, 0, 0, BY_VERSION, OPEN, BY_VERSION };
static const struct row stranger = { NULL, "", 0, 0, 0, 0, 0, BY_VERSION, OPEN, BY_VERSION };

struct release {
	int major, minor;
	int patch;		/* -1: the release does not say */
	int build;		/* the number behind the version, 0: none */
	const char *rest;	/* what follows the version's numbers */
};

/* Takes the mark, unless it is 0, and the number behind it from the front of *text. */
static bool take_number(const char **text, char mark, int *number)
{
	const char *digits = *text + (mark != 0);
	int end = 0;

	if ((mark && **text != mark) || *digits < '0' || *digits > '9' ||
	    sscanf(digits, "%9d%n", number, &end) != 1)
		return false;
	*text = digits + end;
	return true;
}

/* Debian's "-0.deb10.29" and "-0.bpo.9": the last number is the build that was backported. */
static void take_backport(const char *text, struct release *release)
{
	int build;

	if (!release->build && (sscanf(text, ".deb%*9d.%9d-", &build) == 1 ||
				sscanf(text, ".bpo.%9d-", &build) == 1))
		release->build = build;
}

static bool parse(const char *text, struct release *release)
{
	int fourth;

	*release = (struct release){ .patch = -1 };
	if (!take_number(&text, 0, &release->major) || !release->major ||
	    !take_number(&text, '.', &release->minor))
		return false;
	if (take_number(&text, '.', &release->patch))
		take_number(&text, '.', &fourth);
	if (*text && !strchr("-+~_", *text))
		return false;
	/* The 0 of 6.1.0-50-amd64 is no patch level: the vendor counts in the build. */
	if (!release->patch && *text)
		release->patch = -1;
	release->rest = text;
	take_number(&text, '-', &release->build);
	take_backport(text, release);
	return true;
}

/* A word ends where no letter follows; a mark that ends with a dash has its end with it. */
static bool has_word(const char *text, const char *mark)
{
	size_t length = strlen(mark);

	while ((text = strstr(text, mark))) {
		if (mark[length - 1] == '-' || !isalpha((unsigned char)text[length]))
			return true;
		text++;
	}
	return false;
}

static bool has_mark(const char *rest, const char *marks)
{
	char mark[32];

	while (*marks) {
		size_t length = strcspn(marks, "|");

		snprintf(mark, sizeof(mark), "%.*s", (int)length, marks);
		if (has_word(rest, mark))
			return true;
		marks += length + (marks[length] == '|');
	}
	return false;
}

static const struct row *row_of(const struct release *release)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if ((!row->major || (row->major == release->major && row->minor == release->minor)) &&
		    release->build >= row->build && has_mark(release->rest, row->marks))
			return row;
	}
	return *release->rest ? &stranger : &plain;
}

static bool is_before(const struct release *release, int major, int minor)
{
	return release->major < major || (release->major == major && release->minor < minor);
}

/*
 * "KVM: x86: enable TDP MMU by default" is of 5.15. 5.15.129 reverted it (7e546bd08943), 5.16 and
 * newer did not.
 */
static enum answer default_tdp_mmu(const struct release *release)
{
	if (!is_before(release, 5, 16))
		return ANSWER_YES;
	if (is_before(release, 5, 15))
		return ANSWER_NO;
	if (release->patch < 0)
		return ANSWER_UNKNOWN;
	return release->patch < 129 ? ANSWER_YES : ANSWER_NO;
}

/*
 * "KVM: use __vcalloc for very large allocations" is of 5.18, and in the stable releases 5.10.210,
 * 5.15.149, 5.16.19 and 5.17.2.
 */
static enum answer has_vcalloc(const struct release *release)
{
	static const struct { int minor, patch; } stable[] = {
		{ 10, 210 }, { 15, 149 }, { 16, 19 }, { 17, 2 },
	};

	for (size_t i = 0; release->major == 5 && i < sizeof(stable) / sizeof(stable[0]); i++) {
		if (stable[i].minor != release->minor)
			continue;
		if (release->patch < 0)
			return ANSWER_UNKNOWN;
		return release->patch < stable[i].patch ? ANSWER_NO : ANSWER_YES;
	}
	return is_before(release, 5, 18) ? ANSWER_NO : ANSWER_YES;
}

static enum answer answer_of(enum word word, enum answer by_version)
{
	switch (word) {
	case NO:
		return ANSWER_NO;
	case YES:
		return ANSWER_YES;
	case OPEN:
		return ANSWER_UNKNOWN;
	default:
		return by_version;
	}
}

bool kernel_vendor(const char *text, struct kernel_vendor *vendor)
{
	struct release release;
	const struct row *row;

	*vendor = (struct kernel_vendor){
		.patch = -1, .tdp_mmu = ANSWER_UNKNOWN, .external_tracking = ANSWER_UNKNOWN,
		.vcalloc = ANSWER_UNKNOWN,
	};
	if (!parse(text, &release))
		return false;
	row = row_of(&release);
	*vendor = (struct kernel_vendor){
		.name = row->name,
		.major = (unsigned int)(row->kvm_major ? row->kvm_major : release.major),
		.minor = (unsigned int)(row->kvm_major ? row->kvm_minor : release.minor),
		.patch = row->kvm_major ? -1 : release.patch,
		.tdp_mmu = answer_of(row->tdp_mmu, default_tdp_mmu(&release)),
		.external_tracking = answer_of(row->external_tracking, ANSWER_UNKNOWN),
		.vcalloc = answer_of(row->vcalloc, has_vcalloc(&release)),
	};
	return true;
}
