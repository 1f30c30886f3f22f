# SPDX-License-Identifier: GPL-2.0-only
# The Intel host: no other emulator has VMX and EPT.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with bochs.sh

bochs_model=${LAB_BOCHS_MODEL:-corei7_skylake_x}
# shellcheck source=bochs.sh
. "$lab_dir/bochs.sh"
