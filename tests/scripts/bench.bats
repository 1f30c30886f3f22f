# SPDX-License-Identifier: GPL-2.0-only
# make bench: the limits of its figures, and its patch to the kernel's source.

bench=$BATS_TEST_DIRNAME/../bench
patch=$BATS_TEST_DIRNAME/../lab/eager-rmaps.patch

setup() {
	scratch=$BATS_TEST_TMPDIR
	export bench_figures=$scratch/figures bench_dir=$bench
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

@test "a figure carries its spread and the number of its samples" {
	figure plain 8 x '>= 8' 'here'
	figure several 2 x '>= 1' 'here' $'2 1.5\n4'
	figure counted 2 x '>= 1' 'here' 'n=300 1.9 2.5'
	[ "$(jq -sc '[.[] | .n, .spread]' "$bench_figures")" = '[1,null,3,[1.5,4],300,[1.9,2.5]]' ]
}

# A copy of the runner, with one report that measures and one that cannot.
copy_runner() {
	mkdir -p "$scratch/top/tests" "$scratch/top/docs"
	cp -r "$bench" "$scratch/top/tests/bench"
	cd "$scratch/top" || return
	rm -f tests/bench/*.report tests/bench/notes.md
	cp "$bench/figures.sh" tests/bench/
	echo '{"figures": []}' >tests/bench/baseline.json
	# shellcheck disable=SC2016 # for the report to expand
	echo '. "$bench_dir/figures.sh"; figure good.part 12.345 x ">= 8" "some kernel" "12 13"' >tests/bench/good.report
	# shellcheck disable=SC2016
	echo '. "$bench_dir/figures.sh"; figure_skip other "there is no such kernel"' >tests/bench/other.report
	export LAB_MINIVMM=/bin/true
}

# fake_lab COMMANDS: what the copy of the runner boots instead of a lab.
fake_lab() {
	mkdir tests/lab
	printf '%s\n' "$1" >tests/lab/run
	chmod +x tests/lab/run
}

@test "the result has machine and versions; the table a row for each figure, skipped and missing ones too" {
	copy_runner
	fake_lab 'echo "lab: no such source" >&2; exit 3'
	echo 'echo measures' >tests/bench/broken.sh
	echo 'echo reports' >tests/bench/broken.report
	echo 'echo "nothing is known"' >tests/bench/silent.report
	run tests/bench/run
	[ "$status" = 1 ]
	[[ $output == *"broken: MISSING: what measures it ended with status 3: lab: no such source"* ]]
	jq -e '.schema == "minivmm.bench/1" and .machine.cpus > 0 and (.versions | has("compiler")) and
		(.figures | map(.name)) == ["broken", "good.part", "other", "silent"]' build/bench.json
	grep -qxF '| good.part | 12.35 x | 12 to 13, 2 | >= 8 | some kernel |' docs/benchmarks.md
	grep -qxF '| other | skipped |  |  | there is no such kernel |' docs/benchmarks.md
	grep -qxF '| broken | **missing** |  |  | what measures it ended with status 3: lab: no such source |' docs/benchmarks.md
	grep -qxF '| silent | **missing** |  |  | its report ended without a figure |' docs/benchmarks.md
}

@test "an emulated kernel that crashed outside KVM boots once more" {
	copy_runner
	# shellcheck disable=SC2016 # for the lab to expand
	fake_lab 'echo x >>"$FAKE/boots"
[ "$(wc -l <"$FAKE/boots")" -gt "$CRASHES" ] || { echo "Kernel panic - not syncing: a stack"; exit 125; }'
	echo 'echo measures' >tests/bench/shaky.sh
	# shellcheck disable=SC2016
	echo '. "$bench_dir/figures.sh"; figure shaky 1 x - "here"' >tests/bench/shaky.report
	FAKE=$scratch CRASHES=1 run tests/bench/run shaky
	echo "$output"
	[[ $status == 0 && $output == *"shaky: Kernel panic - not syncing: a stack"*"shaky: 1 x"* && $(wc -l <"$scratch/boots") == 2 ]]
	rm "$scratch/boots"
	FAKE=$scratch CRASHES=2 run tests/bench/run shaky
	[[ $status == 1 && $output == *"shaky: MISSING: what measures it ended with status 125: Kernel panic"* && $(wc -l <"$scratch/boots") == 2 ]]
}

@test "a run of some figures keeps the others, and makes no table before all are measured" {
	copy_runner
	run tests/bench/run good
	[[ $status == 0 && $output == *"docs/benchmarks.md stays as it is: not measured here yet: other" ]]
	[ ! -e docs/benchmarks.md ]
	run tests/bench/run other
	[[ $status == 0 && -s docs/benchmarks.md ]]
	[ "$(jq -c '[.figures[].name]' build/bench.json)" = '["good.part","other"]' ]
}

@test "an exponent is fitted over the larger half of the sizes, apart from the kernel's part, of the least at each" {
	local size
	{
		echo "10 5000 4000"
		for size in 1 10 100 1000 10000 100000; do
			echo "$size $((1000 + size * 2 + size * size)) $((size * size))"
		done
		echo "100000 99999999999999 1"
	} | figure_growth grows 'here'
	jq -e '.value > 0.8 and .value < 1.1 and .n == 3 and (.points | length) == 6 and any(.points[]; . == [10, 1120, 100])' "$bench_figures"
	jq -e '.conditions | contains("with what the kernel and guests take, 100 % of the last, 2; that alone 2")' "$bench_figures"
	# Without the kernel's part all of it counts; and two sizes are no growth.
	run figure_growth square 'here' < <(for size in 1 10 100 1000; do echo "$size $((size * size))"; done)
	[[ $status == 1 && $output == "square: 2 exponent"*"NOT KEPT" ]]
	run figure_growth two 'here' < <(printf '1 1\n2 2\n')
	[[ $status == 1 && $output == "two: MISSING: fewer than three sizes could be measured" ]]
	jq -s '{figures: .}' "$bench_figures" >"$scratch/bench.json"
	"$bench/growth-plot" "$scratch/bench.json" >"$scratch/growth.svg"
	xmllint --noout "$scratch/growth.svg"
	grep -q '>grows</tspan>\|>grows<' "$scratch/growth.svg"
}

@test "what got worse beyond its spread fails by its name" {
	copy_runner
	tests/bench/run good
	cp build/bench.json tests/bench/baseline.json
	tests/bench/run good
	sed -i 's/12.345\(.*\)"12 13"/9\1"8.5 9.5"/' tests/bench/good.report
	run tests/bench/run good
	[ "$status" = 1 ]
	[[ $output == *$'\nworse: good.part: 9 x (8.5 to 9.5, n = 2), was 12.345 x (12 to 13, n = 2)' ]]
	# Noise: the spreads overlap.
	sed -i 's/"8.5 9.5"/"8.5 12.5"/' tests/bench/good.report
	tests/bench/run good
}

@test "an exponent is compared with one of the same machine only" {
	cd "$scratch"
	jq -n '{machine: {cpu: "A", cpus: 2, kernel: "6.18"}, figures: [
		{name: "growth.plan", value: 0.6, unit: "exponent", spread: [0.5, 0.7], n: 4, limit: "<= 1.1"}]}' >old.json
	jq '.figures[0] |= (.value = 0.9 | .spread = [0.8, 1])' old.json >new.json
	run "$bench/compare" old.json new.json
	[ "$status" = 1 ]
	[[ $output == 'worse: growth.plan: 0.9 exponent'* ]]
	jq '.machine.kernel = "6.19"' new.json >other.json
	"$bench/compare" old.json other.json
}

@test "the kernel's selftests are built where make runs the script, and what does not build is shown" {
	local kvm=$scratch/source/linux/tools/testing/selftests/kvm
	mkdir -p "$kvm" "$scratch/lab" "$scratch/kernel"
	cp "$BATS_TEST_DIRNAME"/../lab/{build-selftests,lib.sh} "$scratch/lab"
	echo 6.12-test >"$scratch/kernel/release"
	printf '#!/bin/sh\necho %s\n' "$scratch/kernel" >"$scratch/lab/fetch-kernel"
	printf '#!/bin/sh\necho %s\n' "$scratch/source" >"$scratch/lab/fetch-source"
	chmod +x "$scratch"/lab/fetch-*
	echo 'headers:' >"$scratch/source/linux/Makefile"
	# As in the kernel's lib.mk: the output folder is that of the makefile, unless another make is above.
	cat >"$kvm/Makefile" <<-'END'
		ifeq (0,$(MAKELEVEL))
		OUTPUT := $(CURDIR)
		endif
		TEST_GEN_PROGS := $(OUTPUT)/svm_vmcall_test $(OUTPUT)/memslot_perf_test
		$(TEST_GEN_PROGS): ; cp /bin/true $@
	END
	printf 'all:\n\t@%s/lab/build-selftests\n' "$scratch" >"$scratch/Makefile"
	LAB_CACHE=$scratch/cache run make -s -j2 -C "$scratch"
	[ "$status" = 0 ]
	[ -x "${lines[-1]}/svm_vmcall_test" ]
	rm -r "$scratch/cache"
	sed -i 's/cp .*/echo cannot be compiled; false/' "$kvm/Makefile"
	LAB_CACHE=$scratch/cache run make -s -j2 -C "$scratch"
	[[ $status != 0 && $output == *"cannot be compiled"*"can't build the KVM selftests of 6.12-test"* ]]
}

@test "every figure has its report, and every script of a figure one, too" {
	for file in "$bench"/*.sh "$bench"/*.lab; do
		case ${file##*/} in
		figures.sh | contention-table.sh | growth-took.sh) ;;
		*) [ -e "${file%.*}.report" ] ;;
		esac
	done
}
