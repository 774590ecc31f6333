# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with tests/run
# What a part of a test group needs, and what happens when it is not there; sourced by tests/run.

# Ends the part: the one thing that is missing.
skip() {
    printf '%s\n' "$1" >"$scratch/missing"
    exit "$SKIPPED"
}

# alone COMMAND...: no other group does the like meanwhile: what it makes is for all of them.
alone() {
    local lock
    mkdir -p "$target"
    exec {lock}>"$target/.alone"
    flock "$lock"
    "$@"
    exec {lock}>&-
}

# need_command COMMAND PACKAGE: a command, from the Debian package that has it.
need_command() {
    command -v "$1" >/dev/null || need_debian "$2"
}

# need_component COMMAND COMPONENT: a subcommand of cargo, from the component of rustup that has it.
need_component() {
    cargo "$1" --version >/dev/null 2>&1 || skip "rustup component add $2"
}

# need_debian PACKAGE...: Debian packages, installed where that is possible. `instead` says what else would do.
need_debian() {
    alone install_debian "$@"
}

install_debian() {
    local missing=() package wanted
    for package in "$@"; do
        # A package that was removed is known still, but not `ok installed`.
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: .* ok installed$' || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    wanted="${instead:+$instead, or }apt-get install ${missing[*]}"
    if [[ $EUID -ne 0 ]]; then
        skip "$wanted (as root)"
    elif ! command -v apt-get >/dev/null; then
        skip "$wanted (no apt-get here)"
    fi
    printf 'Installing %s ...\n' "${missing[*]}"
    if ! apt_get update || ! apt_get install --yes --no-install-recommends "${missing[@]}"; then
        tail -n 5 "$scratch/apt.log"
        skip "$wanted (which failed)"
    fi
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" >>"$scratch/apt.log" 2>&1
}
