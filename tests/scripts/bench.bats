# SPDX-License-Identifier: GPL-2.0-only
# make bench: the limits of its figures, and its patch to the kernel's source.

bench=$BATS_TEST_DIRNAME/../bench
patch=$BATS_TEST_DIRNAME/../lab/eager-rmaps.patch

setup() {
	scratch=$BATS_TEST_TMPDIR
	export bench_figures=$scratch/figures
	. "$bench/figures.sh"
}

# Makes the source that the patch expects.
make_tree() {
	mkdir -p "$scratch/tree/arch/x86/kvm/mmu"
	sed -n '/^@@/,$ { s/^@@.*//; s/^[ -]//; /^+/d; p }' "$patch" >"$scratch/tree/arch/x86/kvm/mmu/mmu.c"
}

@test "the patch for eager rmaps applies to what it was made from" {
	make_tree
	"$BATS_TEST_DIRNAME/../lab/build-modules" --patch "$scratch/tree"
	grep -q '^module_param(lazy_rmaps, bool, 0444);$' "$scratch/tree/arch/x86/kvm/mmu/mmu.c"
	grep -q 'shadow_root_allocated = !lazy_rmaps;' "$scratch/tree/arch/x86/kvm/mmu/mmu.c"
}

@test "it is refused where the source is another" {
	make_tree
	sed -i 's/shadow_mmio_value = /other = /' "$scratch/tree/arch/x86/kvm/mmu/mmu.c"
	cp -r "$scratch/tree" "$scratch/before"
	run "$BATS_TEST_DIRNAME/../lab/build-modules" --patch "$scratch/tree"
	[ "$status" = 3 ]
	[[ $output == *"eager-rmaps.patch does not apply to $scratch/tree"* ]]
	diff -r "$scratch/before" "$scratch/tree"
}

@test "a figure within its limit passes, one beyond fails, one that is missing too" {
	figure within 8 x '>= 8' 'here'
	figure below 1.99 x '< 2' 'here'
	figure told 7 x - 'here'
	run figure beyond 7.9 x '>= 8' 'here'
	[ "$status" = 1 ]
	[ "$output" = "beyond: 7.9 x (limit >= 8): NOT KEPT" ]
	run figure at 2 x '< 2' 'here'
	[ "$status" = 1 ]
	for value in null '' nonsense; do
		run figure missing "$value" x '>= 8' 'here'
		[ "$status" = 1 ]
		[ "$output" = "missing: not measured (limit >= 8): NOT KEPT" ]
	done
	run figure missing null x - 'here'
	[ "$status" = 1 ]
	[ "$(jq -sc '[.[].ok]' "$bench_figures")" = '[true,true,true,false,false,false,false,false,false]' ]
}

@test "the table has a row for each figure, skipped ones and their reasons, too" {
	figure good 12.345 x '>= 8' 'some kernel'
	figure bad 3 x '>= 8' 'some kernel' || true
	figure_skip other 'there is no such kernel'
	jq -s . "$bench_figures" >"$scratch/figures.json"
	run "$bench/table" "$scratch/figures.json"
	[ "$status" = 0 ]
	[[ $output == *"| good | 12.35 x | >= 8 | some kernel |"* ]]
	[[ $output == *"| bad | 3 x, **not kept** | >= 8 | some kernel |"* ]]
	[[ $output == *"| other | skipped |  | there is no such kernel |"* ]]
}

@test "every figure has its report, and every script of a figure one, too" {
	for file in "$bench"/*.sh "$bench"/*.lab; do
		case ${file##*/} in
		figures.sh | contention-table.sh) ;;
		*) [ -e "${file%.*}.report" ] ;;
		esac
	done
}
