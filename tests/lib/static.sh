# shellcheck shell=bash disable=SC2154 # variables are shared with tests/run
# The command as a static program (tests/static), built with musl and run alone in a chroot; sourced by tests/run.

static_architectures=(x86_64 aarch64)
# The names of the programs in the directory of programs, and their features.
static_sets=(bare whole)
declare -A static_features=([bare]='' [whole]=tls,sso,login,srp,setup,iot,roles-anywhere,serve,sigv4a,tokens,sessions,upload,verify,profiles,generate)

# need_static_compiler: requires a compiler that can build `std`, optimized for size; musl, the linker and the C
# compiler are zig's, from PyPI. Sets `static_cargo`, `static_compiler` and `static_targets`.
need_static_compiler() {
    need_venv
    local sysroot
    sysroot=$(rustc --print sysroot)
    # `-Zbuild-std` is for nightly compilers; RUSTC_BOOTSTRAP enables it in this one.
    if [[ -e $sysroot/lib/rustlib/src/rust/library/std ]]; then
        static_cargo=(env RUSTC_BOOTSTRAP=1 cargo)
        static_compiler=$(rustc --version)
    else
        instead='rustup component add rust-src' need_debian rustc-web cargo-web rust-web-src
        static_cargo=(env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo)
        static_compiler=$(/usr/bin/rustc --version)
        sysroot=/usr
    fi
    # These would override the flags below.
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    export CARGO_TARGET_DIR=$target/static ZIG="$python -m ziglang"
    local architecture name flags
    static_targets=()
    for architecture in "${static_architectures[@]}"; do
        static_targets+=(--target "$architecture-unknown-linux-musl")
        name=${architecture}_unknown_linux_musl
        flags="-C link-arg=--target=$architecture-unknown-linux-musl -C link-self-contained=no"
        flags+=' -C target-feature=+crt-static -C relocation-model=static -C force-unwind-tables=no'
        # Panic messages contain file names, so the size would depend on the directories.
        flags+=" --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo --remap-path-prefix=$sysroot=rust"
        export "CARGO_TARGET_${name^^}_LINKER=$root/tests/static/zig-cc" "CARGO_TARGET_${name^^}_RUSTFLAGS=$flags"
        export "CC_$name=$root/tests/static/zig-cc" "AR_$name=$ZIG ar"
    done
    printf 'By %s, and zig %s\n' "$static_compiler" "$($ZIG version)"
}

# build_static PACKAGE FEATURES PROGRAM NAME: builds for all architectures at once, and keeps the programs under this
# name. A group that builds others waits until they are copied, and what another has built is up to date.
build_static() {
    local lock architecture programs=$CARGO_TARGET_DIR/programs auditable=()
    if [[ $4 == whole ]]; then
        # The program of releases: with the list of its crates in a section that is not loaded, for `cargo audit bin` and
        # scanners.
        need_cargo_command auditable 0.7.7
        auditable=(auditable)
    fi
    mkdir -p "$programs"
    exec {lock}>"$programs/.lock"
    flock "$lock"
    "${static_cargo[@]}" "${auditable[@]}" build --quiet --locked --profile static -Zbuild-std=std,panic_abort \
        -Zbuild-std-features=optimize_for_size "${static_targets[@]}" \
        --package "$1" --no-default-features --features "$2"
    for architecture in "${static_architectures[@]}"; do
        cp "$CARGO_TARGET_DIR/$architecture-unknown-linux-musl/static/$3" "$programs/$architecture-$4.new"
        mv "$programs/$architecture-$4.new" "$programs/$architecture-$4"
    done
    exec {lock}>&-
}

# Builds the programs, runs them alone in a chroot, and measures them; `SIZES=write` updates tests/static/SIZES.md.
static_programs() {
    [[ $EUID -eq 0 ]] || skip "root, for a chroot and namespaces"
    [[ $(uname -m) == x86_64 ]] || skip "an x86-64 machine for the measurements"
    unshare --mount --pid --fork true 2>/dev/null || skip "the permission to create namespaces"
    need_command strace strace
    need_command valgrind valgrind
    need_command qemu-aarch64-static qemu-user-static
    cargo build --quiet "${tested[@]}" --example serve
    local serve=$target/debug/examples/serve features programs=$target/static/programs
    need_static_compiler
    for features in "${static_sets[@]}"; do
        build_static rolecall-cli "${static_features[$features]}" rolecall "$features"
    done
    build_static empty '' empty empty
    "$python" tests/lib/contained.py --simulator "$serve" --logs "$target/contained" --programs "$programs" \
        "${static_sets[@]}" | tee "$scratch/figures"
    "$python" tests/static/table.py "${SIZES:-compare}" tests/static/SIZES.md "$static_compiler" <"$scratch/figures"
}
