# Copyright: (c) 2026, The stowage authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion scripts for shells, made of the table of commands.

Knows three shells. Scopes and containers are asked for when they are wanted, by ``stowage complete``.
"""

from __future__ import annotations

from typing import Callable, Dict, List

from .commands import CONTAINER, FILE, SCOPE, Argument, Command, shown

HELP = "show how it is used"
VERSION = "show the version"


def render_completion(shell: str) -> str:
    """The script for one of ``commands.SHELLS``."""
    return _SCRIPTS[shell]()


# -- bash --------------------------------------------------------------------------------------

_BASH = """\
# bash completion for stowage; made by: stowage completion bash
_stowage() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} place=0 at words=
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "@COMMANDS@ --help --version" -- "$word")
        return
    fi
    for ((at = 2; at < COMP_CWORD; at++)); do
        case $command,${COMP_WORDS[at]} in
            @VALUED@) ((at++)) ;;
            *,-?*) ;;
            *) ((place++)) ;;
        esac
    done
    if ((at > COMP_CWORD)); then place=value${COMP_WORDS[COMP_CWORD - 1]}; fi
    case $command,$place,$word in
@VALUES@
        *,value*) ;;
@OPTIONS@
@PLACES@
    esac
    case $words in
        @files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        @*) mapfile -t COMPREPLY < <(compgen -W "$("$1" complete "${words#@}" 2>/dev/null)" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
    esac
}
complete -F _stowage stowage
"""


def _bash() -> str:
    commands = shown()
    valued = [f"{c.name},{name}" for c in commands for o in c.options if not o.is_switch for name in o.names]
    values = [
        f"        {c.name},value{name},*) words={_bash_words(o)} ;;"
        for c in commands
        for o in c.options
        if _bash_words(o) != '""'
        for name in o.names
    ]
    options = [f'        {c.name},*,-*) words="{" ".join(_option_names(c))}" ;;' for c in commands]
    places = [
        f"        {c.name},{place},*) words={_bash_words(word)} ;;"
        for c in commands
        for place, word in enumerate(c.words)
    ]
    return _filled(
        _BASH,
        COMMANDS=" ".join(c.name for c in commands),
        VALUED=" | ".join(valued),
        VALUES="\n".join(values),
        OPTIONS="\n".join(options),
        PLACES="\n".join(places),
    )


def _bash_words(argument: Argument) -> str:
    of = {FILE: "@files", SCOPE: "@scopes", CONTAINER: "@containers"}.get(argument.of)
    return of or f'"{" ".join(argument.choices)}"'


def _option_names(command: Command) -> List[str]:
    return [*(name for option in command.options for name in option.names), "--help"]


# -- zsh ---------------------------------------------------------------------------------------

_ZSH = """\
#compdef stowage
# zsh completion for stowage; made by: stowage completion zsh
_stowage_ask() {
    local -a found
    found=(${(f)"$(stowage complete ${@[-1]} 2>/dev/null)"})
    compadd "${@[1,-2]}" -a found
}
_stowage() {
    local -a commands
    if ((CURRENT == 2)); then
        commands=(
@COMMANDS@
        )
        _describe command commands
        _arguments '--help[@HELP@]' '--version[@VERSION@]'
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
@CASES@
    esac
}
if [ "$funcstack[1]" = _stowage ]; then _stowage "$@"; else compdef _stowage stowage; fi
"""


def _zsh() -> str:
    commands = shown()
    cases = [
        f"        {c.name}) _arguments {' '.join([*map(_zsh_option, c.options), *map(_zsh_word, c.words)])}"
        f" '--help[{HELP}]' ;;"
        for c in commands
    ]
    described = [f"            '{c.name}:{_zsh_text(c.help)}'" for c in commands]
    return _filled(_ZSH, COMMANDS="\n".join(described), HELP=HELP, VERSION=VERSION, CASES="\n".join(cases))


def _zsh_option(option: Argument) -> str:
    value = "" if option.is_switch else f":{option.takes}:{_zsh_action(option)}"
    help_and_value = f"[{_zsh_text(option.help)}]{value}"
    if not option.short:
        return f"'{option.name}{help_and_value}'"
    return f"'({option.short} {option.name})'{{{option.short},{option.name}}}'{help_and_value}'"


def _zsh_word(word: Argument) -> str:
    return f"':{':' if word.optional else ''}{word.name}:{_zsh_action(word)}'"


def _zsh_action(argument: Argument) -> str:
    asked = {FILE: "_files", SCOPE: "_stowage_ask scopes", CONTAINER: "_stowage_ask containers"}.get(argument.of)
    return asked or (f"({' '.join(argument.choices)})" if argument.choices else " ")


def _zsh_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


# -- fish --------------------------------------------------------------------------------------


def _fish() -> str:
    lines = [
        "# fish completion for stowage; made by: stowage completion fish",
        "complete -c stowage -f",
        f"complete -c stowage -n __fish_use_subcommand -l help -d '{HELP}'",
        f"complete -c stowage -n __fish_use_subcommand -l version -d '{VERSION}'",
    ]
    for command in shown():
        lines.append(f"complete -c stowage -n __fish_use_subcommand -a {command.name} -d {_fish_text(command.help)}")
        seen = f"complete -c stowage -n '__fish_seen_subcommand_from {command.name}'"
        lines += [f"{seen} {_fish_argument(argument)}" for argument in command.arguments if _fish_argument(argument)]
        lines.append(f"{seen} -l help -d '{HELP}'")
    return "\n".join(lines) + "\n"


def _fish_argument(argument: Argument) -> str:
    asked = {FILE: "-F", SCOPE: "-a '(stowage complete scopes)'", CONTAINER: "-a '(stowage complete containers)'"}
    values = asked.get(argument.of) or (f"-a {_fish_text(' '.join(argument.choices))}" if argument.choices else "")
    if not argument.is_option:
        return values
    short = f"-s {argument.short.lstrip('-')} " if argument.short else ""
    takes = "" if argument.is_switch else "-r " if argument.of == FILE else "-x "
    return (
        f"{short}-l {argument.name.lstrip('-')} {takes}{values + ' ' if values else ''}-d {_fish_text(argument.help)}"
    )


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _filled(template: str, **parts: str) -> str:
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template


_SCRIPTS: Dict[str, Callable[[], str]] = {"bash": _bash, "fish": _fish, "zsh": _zsh}
