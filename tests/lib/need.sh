# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with tests/run
# Requirements of the parts of a test group, and what happens if they are missing; sourced by tests/run.

# skip REQUIREMENT: ends the part because of a missing requirement.
skip() {
    printf '%s\n' "$1" >"$scratch/missing"
    exit "$SKIPPED"
}

# alone COMMAND...: runs a command that groups share the results of, under a lock.
alone() {
    local lock
    mkdir -p "$target"
    exec {lock}>"$target/.alone"
    flock "$lock"
    "$@"
    exec {lock}>&-
}

# need_command COMMAND PACKAGE: requires a command, which is in this Debian package.
need_command() {
    command -v "$1" >/dev/null || need_debian "$2"
}

# need_component COMMAND COMPONENT: requires a cargo subcommand, which is in this rustup component.
need_component() {
    cargo "$1" --version >/dev/null 2>&1 || skip "rustup component add $2"
}

# need_cargo_command NAME [VERSION]: requires a cargo subcommand, and installs it from the crate of that name.
need_cargo_command() {
    alone install_cargo_command "$@"
}

install_cargo_command() {
    cargo "$1" --version >/dev/null 2>&1 && return
    printf 'Installing cargo-%s ...\n' "$1"
    # A debug build: it runs for a few seconds, and optimizing it would take longer.
    CARGO_TARGET_DIR=$scratch/cargo-$1 CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --locked --debug "cargo-$1" ${2:+--version "$2"} ||
        skip "cargo install --locked cargo-$1 (no registry?)"
    rm -rf "$scratch/cargo-$1"
}

# need_debian PACKAGE...: requires Debian packages, and installs them if possible. `instead` names an alternative.
need_debian() {
    alone install_debian "$@"
}

install_debian() {
    local missing=() package wanted
    for package in "$@"; do
        # A removed package is still known, but not `ok installed`.
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
