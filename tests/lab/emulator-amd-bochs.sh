# SPDX-License-Identifier: GPL-2.0-only
# An AMD host without QEMU, to check QEMU's results: VENDOR=amd LAB_EMULATOR=bochs.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with bochs.sh

bochs_model=${LAB_BOCHS_MODEL:-trinity_apu} # zambezi works, too; ryzen hangs
# shellcheck source=bochs.sh
. "$lab_dir/bochs.sh"
