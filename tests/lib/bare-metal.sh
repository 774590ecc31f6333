# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with tests/run
# Cargo for a target without an operating system; sourced by tests/run.

# need_bare_metal TARGET...: uses the first target that rustup has installed, otherwise builds `core` for the first
# one from Debian's sources. Sets `bare_metal_target`, and `bare_metal_cargo` to the command to use as `cargo`.
need_bare_metal() {
    local installed wanted
    # If two compilers shared a directory, each would rebuild everything.
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
    # `-Zbuild-std` is for nightly compilers; RUSTC_BOOTSTRAP enables it in this one.
    bare_metal_cargo=(env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo -Zbuild-std=core)
    printf 'For %s, by %s of Debian\n' "$1" "$(/usr/bin/rustc --version)"
}
