# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with tests/run
# A cargo that builds for a target without an operating system; sourced by tests/run.

# need_bare_metal TARGET...: takes the first target that rustup has, else builds `core` for the first one from
# Debian's sources. Sets `bare_metal_target`, and `bare_metal_cargo` to what stands for `cargo`.
need_bare_metal() {
    local installed wanted
    # Two compilers in one folder would build everything anew at each turn.
    export CARGO_TARGET_DIR=$target/bare-metal
    installed=$(rustup target list --installed 2>/dev/null || true)
    for wanted in "$@"; do
        if grep -qx "$wanted" <<<"$installed"; then
            bare_metal_target=$wanted
            bare_metal_cargo=(cargo)
            printf 'For %s, by %s\n' "$wanted" "$(rustc --version)"
            return
        fi
    done
    instead="rustup target add $1" need_debian rustc-web cargo-web rust-web-src
    bare_metal_target=$1
    # Only a nightly compiler may build `core` along with a crate, unless it is told otherwise.
    bare_metal_cargo=(env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo -Zbuild-std=core)
    printf 'For %s, by %s of Debian\n' "$1" "$(/usr/bin/rustc --version)"
}
