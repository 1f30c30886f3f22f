# SPDX-License-Identifier: GPL-2.0-only
# Completion of minivmm for bash. What can be completed is what the program itself lists, from its tables.

# The values that are named in the help of an option: "On stdout: text (default, for people) or json".
_minivmm_values() { # OPTION
	"${COMP_WORDS[0]}" $command --list-options 2>/dev/null |
		sed -nE "s/^$1=([^\t]*)\t(.*)/\1\n\2/p" | {
			read -r argument
			read -r text
			case $argument in
			FORMAT | WHEN) sed -E 's/^[^:]*: //; s/ \([^)]*\)//g; s/,| or / /g' <<<"$text" ;;
			KIND) echo q35 microvm ;;
			STATE) echo lazy allocated unknown ;;
			*"|"*) echo "${argument//|/ }" ;;
			esac
		}
}

# Overrides: each key that exists once, and the beginning of the others.
_minivmm_keys() {
	"${COMP_WORDS[0]}" list keys 2>/dev/null | sed -E 's/\.NAME\..*/./; s/[^.]$/&=/' | sort -u
}

_minivmm_words() {
	local words=${command%% *}
	[[ $command == *" "* || ! $words ]] || "${COMP_WORDS[0]}" "$words" --list-options 2>/dev/null | grep -v '^-'
}

_minivmm() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command="" key before
	local IFS=$' \t\n'
	COMPREPLY=()
	# Readline takes a = for a word.
	if [[ $cur == = ]]; then
		cur="" key=$prev
	elif [[ $prev == = ]]; then
		key=${COMP_WORDS[COMP_CWORD - 2]}
	else
		key=$prev
	fi
	[[ $COMP_CWORD -lt 2 ]] || command=${COMP_WORDS[1]}
	[[ $command != report || $COMP_CWORD -lt 3 ]] || command="report ${COMP_WORDS[2]}"
	[[ ${command%% *} =~ ^(smoke|run|plan|init|stat|headroom|sweep|kernels|report|list|help|version)$ ]] || command=${command:+run}
	case $key in
	-o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	--require)
		before=${cur%"${cur##*,}"}
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "$("${COMP_WORDS[0]}" list checks)" -- "${cur##*,}")
		;;
	--format | --color | --progress | --machine | --state | --tdp-mmu)
		mapfile -t COMPREPLY < <(compgen -W "$(_minivmm_values "$key")" -- "$cur")
		;;
	*.*)
		# The value of an override.
		if [[ ${COMP_WORDS[COMP_CWORD]} == = || $prev == = ]]; then
			key=$(sed -E 's/^(memslot|phase|worker)\.[^.]+\./\1.NAME./' <<<"$key")
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" list keys -v 2>/dev/null | awk -F'\t' -v key="$key" \
				'$1 == key && $2 ~ /^[a-z0-9|-]+$/ { gsub(/\|/, " ", $2); print $2 }')" -- "$cur")
			return
		fi
		;;&
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" ${command:-run} --list-options 2>/dev/null |
				sed -nE 's/^(--[a-z-]+).*/\1/p')" -- "$cur")
			return
		fi
		case $command in
		"") mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" help --list-options 2>/dev/null)" -- "$cur"; compgen -f -X '!*.ini' -- "$cur"; compgen -d -- "$cur") ;;
		help) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" help --list-options 2>/dev/null)" -- "$cur") ;;
		"report "*)
			if [[ $COMP_CWORD == 2 ]]; then
				command=report
				mapfile -t COMPREPLY < <(compgen -W "$(_minivmm_words)" -- "$cur")
			elif [[ $command == "report crash" ]]; then
				mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			else
				mapfile -t COMPREPLY < <(compgen -f -X '!*.json*' -- "$cur"; compgen -d -- "$cur")
			fi
			;;
		report | list) mapfile -t COMPREPLY < <(compgen -W "$(_minivmm_words)" -- "$cur") ;;
		kernels)
			[[ $COMP_CWORD == 2 ]] || mapfile -t COMPREPLY < <(compgen -W "$(_minivmm_keys)" -- "$cur")
			mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur")
			[[ ${COMPREPLY[*]} != *[=.] ]] || compopt -o nospace 2>/dev/null
			;;
		run | plan | headroom | smoke)
			mapfile -t COMPREPLY < <(compgen -W "$(_minivmm_keys)" -- "$cur")
			[[ $command == smoke ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X '!*.ini' -- "$cur"; compgen -d -- "$cur")
			[[ ${COMPREPLY[*]} != *[=.] ]] || compopt -o nospace 2>/dev/null
			;;
		esac
		;;
	esac
}

complete -o filenames -F _minivmm minivmm
