# SPDX-License-Identifier: GPL-2.0-only
# Whole outputs, as they were before.

@test "what is made of saved reports, configs and tables is what it was: tests/golden" {
	"$BATS_TEST_DIRNAME/../golden/check"
}
