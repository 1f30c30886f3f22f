# SPDX-License-Identifier: GPL-2.0-only
# Completion of minivmm for fish. What can be completed is what the program itself lists, from its tables.

function __minivmm_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return
    if contains -- $words[2] (minivmm help --list-options)
        test "$words[2]" = report -a (count $words) -gt 2; and echo $words[2..3]; or echo $words[2]
    else
        echo run
    end
end

function __minivmm_options
    set -l command (__minivmm_command | string split ' ')
    test -n "$command"; or set command run
    minivmm $command --list-options 2>/dev/null | string match -r '^--.*' | string replace -r '^(--[a-z-]+)(=[^\t]*)?' '$1'
end

function __minivmm_words
    set -l command (__minivmm_command | string split ' ')
    switch "$command[1]"
        case ''
            minivmm help --list-options
        case report list help
            test (count $command) = 1; and minivmm $command --list-options 2>/dev/null | string match -rv '^-'
        case run plan headroom smoke kernels
            minivmm list keys | string replace -r '\.NAME\..*' '.' | string replace -r '([^.])$' '$1='
    end
end

complete -c minivmm -a '(__minivmm_words)'
complete -c minivmm -n 'string match -q -- "-*" (commandline -ct)' -a '(__minivmm_options)'
