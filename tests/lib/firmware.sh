# shellcheck shell=bash disable=SC2154 # variables are shared with tests/run
# Builds of tests/firmware: one compiler for all targets, with `core` as rustup distributes it; sourced by tests/run.

firmware=$root/tests/firmware
firmware_targets=(thumbv6m-none-eabi thumbv7em-none-eabihf riscv32imc-unknown-none-elf)
readonly compact_sha='--cfg sha2_backend="soft" --cfg sha2_backend_soft="compact"'

# need_firmware_targets TARGET...: uses rustup's compiler if it has all targets, otherwise Debian's, with `core` built
# from its sources. Sets `firmware_cargo`, `firmware_rustc`, and `firmware_sysroot`, which is empty for rustup.
need_firmware_targets() {
    local installed wanted missing=()
    export CARGO_TARGET_DIR=$target/firmware
    rustup_sysroot=$(rustc --print sysroot)
    installed=$(rustup target list --installed 2>/dev/null || true)
    for wanted in "$@"; do
        grep -qx "$wanted" <<<"$installed" || missing+=("$wanted")
    done
    firmware_cargo=(cargo) firmware_sysroot='' firmware_rustc=(rustc)
    if [[ ${#missing[@]} -gt 0 ]]; then
        instead="rustup target add ${missing[*]}" need_debian rustc-web cargo-web rust-web-src
        # `-Zbuild-std` is for nightly compilers; RUSTC_BOOTSTRAP enables it in this one.
        firmware_cargo=(env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo)
        firmware_rustc=(/usr/bin/rustc)
        firmware_sysroot=$CARGO_TARGET_DIR/sysroot
        for wanted in "$@"; do
            alone build_core "$wanted"
        done
    fi
    printf 'By %s\n' "$("${firmware_rustc[@]}" --version)"
}

# build_core TARGET: builds `core` and `alloc` as rustup has them, optimized for speed and with the bitcode that LTO needs.
build_core() {
    local lib=$firmware_sysroot/lib/rustlib/$1/lib built=$CARGO_TARGET_DIR/core stamp crate
    crate=$firmware_sysroot/crate
    stamp="core, alloc: $("${firmware_rustc[@]}" -vV)"
    [[ $(cat "$lib/stamp" 2>/dev/null) != "$stamp" ]] || return 0
    printf 'Building core and alloc for %s ...\n' "$1"
    rm -rf "$lib" "$built/$1"
    mkdir -p "$lib" "$crate/src"
    printf '[package]\nname = "nothing"\nedition = "2024"\n[workspace]\n' \
        >"$crate/Cargo.toml"
    printf '#![no_std]\n' >"$crate/src/lib.rs"
    RUSTFLAGS='-C embed-bitcode=yes' CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
        "${firmware_cargo[@]}" build --quiet --release -Zbuild-std=core,alloc --target "$1" --target-dir "$built" \
        --manifest-path "$crate/Cargo.toml"
    cp "$built/$1"/release/deps/lib{core,alloc,compiler_builtins}-*.rlib "$lib"
    printf '%s\n' "$stamp" >"$lib/stamp"
}

# build_firmware TARGET OPT_LEVEL RUSTFLAGS CARGO_ARGUMENT...
build_firmware() {
    local flags="-C linker=$rustup_sysroot/lib/rustlib/$(host_triple)/bin/rust-lld -C linker-flavor=ld.lld $3"
    [[ -z $firmware_sysroot ]] || flags+=" --sysroot=$firmware_sysroot"
    RUSTFLAGS=$flags CARGO_PROFILE_RELEASE_OPT_LEVEL=$2 "${firmware_cargo[@]}" build --quiet \
        --locked --release --manifest-path "$firmware/Cargo.toml" --target "$1" "${@:4}"
}

host_triple() {
    rustc -vV | sed -n 's/^host: //p'
}

# Checks that the probe calls every public function.
public_functions() {
    local json=$target/firmware/rustdoc
    need_command python3 python3
    # rustdoc's JSON output is for nightly compilers; RUSTC_BOOTSTRAP enables it in this one.
    RUSTC_BOOTSTRAP=1 cargo rustdoc --quiet -p rolecall-core --lib --target-dir "$json" -- \
        -Zunstable-options --output-format json
    local check=(python3 "$firmware/panic-free/public_functions.py" "$json/doc/rolecall_core.json")
    "${check[@]}" "$firmware"/panic-free/src/*.rs
    # The check detects a missing call.
    mkdir -p "$scratch/probe"
    cp "$firmware"/panic-free/src/*.rs "$scratch/probe"
    sed -i '/json::Str::decode/d' "$scratch/probe/wire.rs"
    if "${check[@]}" "$scratch/probe"/*.rs >"$scratch/missing-call"; then
        printf 'A removed call was not detected.\n'
        return 1
    fi
    grep -qx 'not called: wire::json::Str::decode' "$scratch/missing-call"
    printf 'one call removed: detected\n'
}

# link_without_panics TARGET...: links the probe for each target at level `z`, with the compact SHA-256 of those that
# use this level: it is other code in the crate sha2 alone. Whether a panic path is left is decided before code of the
# target is generated: levels `s` and 3, and that the linker rejects a panic path, are checked for one target.
link_without_panics() {
    need_firmware_targets "$@"
    local triple level one=$2
    if link_probe "$one" s '' --features panic-on-purpose 2>"$scratch/link.log"; then
        printf '%s: a planted panic path was linked without an error.\n' "$one"
        return 1
    fi
    grep -q 'undefined symbol: a_panic_path_is_left' "$scratch/link.log"
    printf '%-28s a planted panic path: rejected by the linker\n' "$one"
    for level in s 3; do
        link_probe "$one" "$level" ''
        printf '%-28s opt-level %s: no panic path\n' "$one" "$level"
    done
    for triple in "$@"; do
        link_probe "$triple" z "$compact_sha"
        printf '%-28s opt-level z, compact SHA-256: no panic path\n' "$triple"
    done
}

# link_probe TARGET OPT_LEVEL SHA_FLAGS CARGO_ARGUMENT...
link_probe() {
    local inline=''
    # With a lower threshold, panics that are only ruled out by inlining would be left.
    [[ $2 != z ]] || inline='-C llvm-args=--inline-threshold=30'
    build_firmware "$1" "$2" "-C link-arg=--entry=_start $inline $3" -p panic-free "${@:4}"
}

# What is below rolecall-tls has panic paths, so that the linker cannot refuse ours: each is attributed to a crate instead, in
# an image that calls everything of rolecall-nal and rolecall-tls, and none may be in code of the project.
panics_of_adapters() {
    # Before the folder of the firmware is the target folder.
    cargo build --quiet -p panics
    local panics=$target/debug/panics probe=tests/firmware/panic-free-adapters expected found
    need_firmware_targets thumbv7m-none-eabi
    local image=$CARGO_TARGET_DIR/thumbv7m-none-eabi/release/panic-free-adapters
    link_attributed --features panic-on-purpose
    if "$panics" "$image" "$probe" >"$scratch/planted"; then
        printf 'No planted panic path was found.\n'
        return 1
    fi
    # One or more in each line of the function.
    expected=$(awk '/^}/ { inside = 0 } inside { print NR } /fn all/ { inside = 1 }' "$probe/src/planted.rs")
    found=$(sed -n 's/^could panic: [^:]*planted.rs:\([0-9]*\): .*/\1/p' "$scratch/planted" | sort -nu)
    diff <(printf '%s\n' "$expected") <(printf '%s\n' "$found")
    printf '%s planted panic paths: found\n' "$(wc -l <<<"$expected")"
    link_attributed
    "$panics" "$image" core adapters/nal adapters/tls
    printf 'none in core, adapters/nal, adapters/tls\n'
}

# link_attributed CARGO_ARGUMENT...: links it as firmware is built, with what the attribution needs.
link_attributed() {
    CARGO_PROFILE_RELEASE_DEBUG=line-tables-only build_firmware thumbv7m-none-eabi s \
        "-C link-arg=-Tlink.x -C link-arg=--emit-relocs $compact_sha" -p panic-free-adapters "$@"
}

# measure_parts FLAGS: parts of the core that are linked only where they are used, for one target.
measure_parts() {
    local triple=thumbv7em-none-eabihf set name images
    for set in sign-root,verify,chunks: chunks-crc:checksums sign-regions:sigv4a; do
        IFS=, read -ra images <<<"${set%:*}"
        build_firmware "$triple" z "-C link-arg=--entry=_start $1" -p sizes --features "${set#*:}" \
            --bin empty "${images[@]/#/--bin=}"
        for name in "${images[@]}"; do
            python3 "$firmware/sizes/table.py" image "$triple" compact "$CARGO_TARGET_DIR/$triple/release/$name" \
                "$CARGO_TARGET_DIR/$triple/release/empty"
        done
    done
}

# Measures every figure of tests/firmware/SIZES.md; `SIZES=write` updates the file.
measure_sizes() {
    local triple sha name built flags images
    need_command python3 python3
    need_command qemu-system-arm qemu-system-arm
    need_firmware_targets "${firmware_targets[@]}" thumbv7m-none-eabi
    # For `-Z emit-stack-sizes`, which adds a section that is not loaded and changes no code.
    export RUSTC_BOOTSTRAP=1
    for sha in compact default; do
        flags='-Z emit-stack-sizes' images=(sign)
        if [[ $sha == compact ]]; then
            flags+=" $compact_sha" images=(sign imds chain imds-nal chain-nal send-nal imds-async chain-async)
        fi
        for triple in "${firmware_targets[@]}"; do
            build_firmware "$triple" z "-C link-arg=--entry=_start $flags" -p sizes --bin empty "${images[@]/#/--bin=}"
            built=$CARGO_TARGET_DIR/$triple/release
            for name in "${images[@]}"; do
                python3 "$firmware/sizes/table.py" image "$triple" "$sha" "$built/$name" "$built/empty"
            done
        done
        [[ $sha == default ]] || measure_parts "$flags"
        build_firmware thumbv7m-none-eabi z "-C link-arg=-Tlink.x $flags" -p stack
        run_on_board "$CARGO_TARGET_DIR/thumbv7m-none-eabi/release/stack" | sed "s/^stack/stack $sha/"
    done >"$scratch/figures"
    python3 "$firmware/sizes/table.py" "${SIZES:-compare}" "$firmware/SIZES.md" \
        "$("${firmware_rustc[@]}" --version)" <"$scratch/figures"
}

# Requires what the boards with a network need: an emulator, and a network namespace with a TAP device.
need_emulated_network() {
    [[ $EUID -eq 0 ]] || skip "root, for a TAP device in a network namespace"
    need_venv
    need_command qemu-system-arm qemu-system-arm
    need_command ip iproute2
    unshare --net true 2>/dev/null || skip "the permission to create a network namespace"
    [[ -c /dev/net/tun ]] || skip "/dev/net/tun, for a TAP device"
}

# Runs the firmware under QEMU in a network namespace.
firmware_on_emulator() {
    need_emulated_network
    cargo build --quiet "${tested[@]}" --example serve
    local serve=$target/debug/examples/serve
    need_firmware_targets thumbv7m-none-eabi
    build_firmware thumbv7m-none-eabi s "-C link-arg=-Tlink.x $compact_sha" -p device
    unshare --net "$python" tests/lib/emulated.py --simulator "$serve" --logs "$target/emulated" \
        --image "$CARGO_TARGET_DIR/thumbv7m-none-eabi/release/device"
}

# The same with TLS, and with the figures of adapters/tls/README.md.
firmware_over_tls() {
    need_emulated_network
    need_firmware_targets thumbv7m-none-eabi
    local built=$CARGO_TARGET_DIR/thumbv7m-none-eabi/release/secure flags="-C link-arg=-Tlink.x $compact_sha"
    build_firmware thumbv7m-none-eabi s "$flags" -p secure --features plain
    cp "$built" "$scratch/plain"
    build_firmware thumbv7m-none-eabi s "$flags" -p secure
    unshare --net "$python" tests/lib/secured.py --logs "$target/secured" --image "$built" --plain "$scratch/plain"
}

# run_on_board ELF QEMU_ARGUMENT...: prints the output of the program; the exit status is that of the program.
run_on_board() {
    # The emulator's own messages are only shown on failure.
    timeout 300 qemu-system-arm -M lm3s6965evb -display none -monitor none -serial stdio \
        -semihosting-config enable=on,target=native -kernel "$@" 2>"$scratch/qemu.log" ||
        { cat "$scratch/qemu.log" >&2 && return 1; }
}
