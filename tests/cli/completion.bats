# SPDX-License-Identifier: GPL-2.0-only
# Completion in a real bash: what it offers is what the program's tables have.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	minivmm=${MINIVMM:-$top/build/sanitized/minivmm}
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir bin
	ln -s "$minivmm" bin/minivmm
	touch my.ini report.json other.txt
}

# offered LINE...: what bash offers at the end of each LINE, one per line, sorted; of several, behind the LINE itself.
offered() {
	PATH=$PWD/bin:$PATH bash --norc -c '
		source "$1/docs/completion/minivmm.bash"
		shift
		for line; do
			# Readline splits at = as well.
			read -ra COMP_WORDS <<<"${line//=/ = }"
			[[ $line != *" " ]] || COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			_minivmm
			[[ $# == 1 ]] || COMPREPLY=("${COMPREPLY[@]/#/$line}")
			printf "%s\n" "${COMPREPLY[@]}"
		done' _ "$top" "$@" 2>err | sort
	[[ ! -s err ]] || cat err
}

@test "commands, verbs, lists, and configs" {
	[[ $(offered "minivmm sm") == smoke ]]
	[[ $(offered "minivmm " | tr '\n' ' ') == *"headroom "*" my.ini "*"version "* ]]
	[[ $(offered "minivmm report " | tr '\n' ' ') == "crash diff html merge plot show " ]]
	[[ $(offered "minivmm list " | tr '\n' ' ') == "checks keys ops scenarios " ]]
	[[ $(offered "minivmm help he") == $'headroom\nhelp' ]]
	[[ $(offered "minivmm report show rep") == report.json ]]
	[[ $(offered "minivmm report crash oth") == other.txt ]]
}

@test "every option of every command, and no other command's" {
	local command
	local -a commands=(smoke run plan init stat headroom sweep kernels list "report show" "report plot")
	for command in "${commands[@]}"; do
		# shellcheck disable=SC2086 # words on purpose
		"$minivmm" $command --help | sed -nE "s/^ +(-[a-zA-Z], )?(--[a-z-]+).*/minivmm $command --\2/p"
	done | sort -u >options
	[[ $(wc -l <options) -gt 60 ]]
	commands=("${commands[@]/#/minivmm }")
	diff <(offered "${commands[@]/%/ --}") options
	[[ $(offered "minivmm smoke --br") == --brief ]]
	[[ ! $(offered "minivmm plan --br") ]]
}

@test "values of options: formats, colours, checks" {
	[[ $(offered "minivmm smoke --format " | tr '\n' ' ') == "csv json junit ktap prom text " ]]
	[[ $(offered "minivmm plan --format=j") == json ]]
	[[ $(offered "minivmm smoke --color " | tr '\n' ' ') == "always auto never " ]]
	[[ $(offered "minivmm smoke --progress=p") == plain ]]
	[[ $(offered "minivmm smoke --require l2") == l2.ran ]]
	[[ $(offered "minivmm smoke --require l2.ran,rmap.e") == l2.ran,rmap.exact ]]
	[[ $(offered "minivmm plan --tdp-mmu ") == $'off\non' ]]
	[[ $(offered "minivmm smoke -o other") == other.txt ]]
}

@test "overrides: keys and their values" {
	[[ $(offered "minivmm my.ini vm.vc") == vm.vcpus= ]]
	[[ $(offered "minivmm smoke mem") == memslot. ]]
	[[ $(offered "minivmm my.ini memslot.high.thp=" | tr '\n' ' ') == "always default never " ]]
	[[ $(offered "minivmm run my.ini expect.policy=l") == lazy ]]
}

# Where Debian's fish and zsh are installed, their parsers take the files.
@test "fish and zsh parse their files" {
	! command -v fish >/dev/null || fish --no-execute "$top/docs/completion/minivmm.fish"
	! command -v zsh >/dev/null || zsh -n "$top/docs/completion/_minivmm"
	[[ $(head -n 1 "$top/docs/completion/_minivmm") == "#compdef minivmm" ]]
}
