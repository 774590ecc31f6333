# shellcheck shell=bash disable=SC2154 # variables are shared with tests/run
# What a release is published as: archives of the static programs, their checksums, lists of what is in them, and an
# image; sourced by tests/run. .github/workflows/release.yml publishes what this leaves in the folder `release`.

# Sets `version`, `epoch`, `release` and `distribution`, the folder of what is not published.
describe_release() {
    need_command git git
    version=$(cargo pkgid -p rolecall-cli)
    version=${version##*[@#]}
    # The time of every file in an archive.
    epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    release=$target/dist/release distribution=$target/dist
}

# The same programs that the group `static` runs in a read-only root: built once, by the first group that wants them.
make_archives() {
    describe_release
    need_command qemu-aarch64-static qemu-user-static
    local programs=$target/static/programs architecture name
    # Its variables are for that compiler alone. With another time the build scripts of C are run again, and what uses
    # them is built again; no program has the time in it.
    (
        unset SOURCE_DATE_EPOCH
        need_static_compiler
        build_static rolecall-cli "${static_features[whole]}" rolecall whole
    )
    rm -rf "$distribution"
    mkdir -p "$release" "$distribution/staged"
    need_venv
    for architecture in "${static_architectures[@]}"; do
        name=rolecall-$version-$architecture-unknown-linux-musl
        stage "$architecture" "$distribution/staged/$name"
        pack "$distribution/staged/$name" "$release/$name.tar.gz"
        list_crates "$architecture" "$release/$name.cdx.json"
        checksum "$release" "$name.tar.gz" "$name.cdx.json"
    done
    ls -l "$release"
}

# stage ARCHITECTURE FOLDER: puts what an archive has in a folder.
stage() {
    local program=$programs/$1-whole run=() shell
    [[ $(uname -m) == "$1" ]] || run=("qemu-$1-static")
    mkdir -p "$2/completions"
    install -m 755 "$program" "$2/rolecall"
    cp LICENSE-APACHE LICENSE-MIT adapters/cli/README.md "$2"
    "$python" tests/lib/archives.py licences "$1-unknown-linux-musl" "${static_features[whole]}" \
        >"$2/LICENSES-THIRD-PARTY"
    # By names that each shell looks for.
    local -A files=([bash]=rolecall.bash [zsh]=_rolecall [fish]=rolecall.fish [powershell]=rolecall.ps1)
    for shell in "${!files[@]}"; do
        "${run[@]}" "$program" generate "$shell" >"$2/completions/${files[$shell]}"
    done
    "${run[@]}" "$program" generate man >"$2/rolecall.1"
}

# pack FOLDER ARCHIVE: the same files make the same archive, whatever their order, times, owners and permissions are.
pack() {
    tar --create --directory "${1%/*}" --format=ustar --sort=name --mtime="@$epoch" --owner=0 --group=0 \
        --numeric-owner --mode='u=rwX,go=rX' "${1##*/}" | gzip --no-name --best >"$2"
}

# list_crates ARCHITECTURE FILE: writes the list of the crates in a program, as CycloneDX.
list_crates() {
    need_cargo_command cyclonedx 0.5.9
    # It writes a list beside the manifest of each package.
    local copy=$distribution/copy
    rm -rf "$copy"
    mkdir "$copy"
    cp -r Cargo.toml Cargo.lock core adapters tests "$copy"
    SOURCE_DATE_EPOCH=$epoch cargo cyclonedx --quiet --manifest-path "$copy/adapters/cli/Cargo.toml" --format json \
        --spec-version 1.5 --override-filename list --no-default-features --features "${static_features[whole]}" \
        --target "$1-unknown-linux-musl"
    # Folders of the machine are no part of a name.
    sed "s|file://$copy/|file:///rolecall/|g" "$copy/adapters/cli/list.json" >"$2"
    rm -r "$copy"
}

# checksum FOLDER FILE...: writes FILE.sha256 for each, as `sha256sum --check` reads it.
checksum() {
    local file
    for file in "${@:2}"; do
        (cd "$1" && sha256sum "$file" >"$file.sha256")
    done
}

# need_archives: requires what the first part has made.
need_archives() {
    describe_release
    need_venv
    compgen -G "$release/*.tar.gz" >/dev/null || {
        printf 'there is no archive in %s\n' "$release"
        return 1
    }
}

# As a user has them: unpacked in an empty folder, and run.
check_archives() {
    need_archives
    "$python" tests/lib/archives.py check "$release" "$version" "$epoch" "${static_features[whole]}"
}

# What the check finds: a wrong checksum, a missing file, another program, and so on, one at a time.
planted_faults() {
    need_archives
    "$python" tests/lib/archives.py planted "$release" "$version" "$epoch" "${static_features[whole]}"
}

# Packs copies of the same files that were made in another order, at another time, by another user.
pack_again() {
    need_archives
    local name again=$scratch/again file
    for name in "$distribution"/staged/*; do
        rm -rf "$again"
        while read -r file; do
            install -D -m 600 "$name/$file" "$again/${name##*/}/$file"
            touch -d @1 "$again/${name##*/}/$file"
        done < <(cd "$name" && find . -type f | sort -r)
        chmod u+x "$again/${name##*/}/rolecall"
        chmod 700 "$again/${name##*/}"
        [[ $EUID -ne 0 ]] || chown -R 1000:1000 "$again"
        pack "$again/${name##*/}" "$scratch/again.tar.gz"
        cmp "$scratch/again.tar.gz" "$release/${name##*/}.tar.gz"
        # Planted: a file with one more byte is another archive.
        printf '\n' >>"$again/${name##*/}/README.md"
        pack "$again/${name##*/}" "$scratch/again.tar.gz"
        if cmp --silent "$scratch/again.tar.gz" "$release/${name##*/}.tar.gz"; then
            printf '%s: the planted line makes no difference\n' "${name##*/}"
            return 1
        fi
        printf '%s: the same, byte for byte\n' "${name##*/}"
    done
}

# The shells and groff find no fault in the files of the archive, and find one that is planted.
read_pages() {
    need_archives
    need_debian zsh fish groff-base
    local unpacked=$scratch/unpacked
    mkdir "$unpacked"
    tar --extract --gzip --file "$release/rolecall-$version-x86_64-unknown-linux-musl.tar.gz" --directory "$unpacked" \
        --strip-components 1
    reads "$unpacked/completions/rolecall.bash" '"' bash -n
    reads "$unpacked/completions/_rolecall" '"' zsh -n
    reads "$unpacked/completions/rolecall.fish" '"' fish --no-execute
    reads "$unpacked/rolecall.1" '.PLANTED' groff -man -Tutf8 -ww -z
}

# reads FILE FAULT COMMAND...: the command reads the file without a word, but not with a line that is wrong.
reads() {
    local said
    said=$("${@:3}" "$1" 2>&1) || { printf '%s: %s\n' "$1" "$said"; return 1; }
    [[ -z $said ]] || { printf '%s: %s\n' "$1" "$said"; return 1; }
    { cat "$1"; printf '%s\n' "$2"; } >"$scratch/planted"
    if said=$("${@:3}" "$scratch/planted" 2>&1) && [[ -z $said ]]; then
        printf '%s finds no fault in %q\n' "$3" "$2"
        return 1
    fi
    printf '%s reads %s, and finds the planted fault\n' "$3" "${1##*/}"
}

# Builds the image for both architectures from the programs of the archives, and looks into it.
make_image() {
    need_archives
    need_command buildah buildah
    local context=$distribution/image architecture
    local -A names=([x86_64]=amd64 [aarch64]=arm64)
    rm -rf "$context"
    for architecture in "${!names[@]}"; do
        install -D -m 755 "$distribution/staged/rolecall-$version-$architecture-unknown-linux-musl/rolecall" \
            "$context/${names[$architecture]}/rolecall"
    done
    build_image "$context" "$release"
    "$python" tests/lib/archives.py image "$release" "$version" "$epoch" "${static_features[whole]}"
    # Planted: each program under the name of the other processor.
    local planted=$scratch/image
    mkdir -p "$planted/context"
    cp -r "$context/amd64" "$planted/context/arm64"
    cp -r "$context/arm64" "$planted/context/amd64"
    cp "$release"/*.tar.gz "$planted"
    build_image "$planted/context" "$planted"
    if "$python" tests/lib/archives.py image "$planted" "$version" "$epoch" "${static_features[whole]}"; then
        printf 'programs of the wrong processors are not found\n'
        return 1
    fi
}

# build_image CONTEXT FOLDER: builds dist/Containerfile, and writes the image to the folder, with its checksum.
build_image() {
    # Nothing is run in it, and nothing is kept: no other storage, and no user namespace.
    local store=(--root "$scratch/images" --runroot "$scratch/images.run") file=rolecall-$version-image.tar
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    rm -rf "$scratch/images" "$scratch/images.run"
    buildah "${store[@]}" build --quiet --timestamp "$epoch" --platform linux/amd64,linux/arm64 --manifest rolecall \
        --label org.opencontainers.image.title=rolecall --label "org.opencontainers.image.version=$version" \
        --label 'org.opencontainers.image.licenses=Apache-2.0 OR MIT' --file dist/Containerfile "$1" >/dev/null
    buildah "${store[@]}" manifest push --quiet --all rolecall "oci-archive:$2/$file"
    checksum "$2" "$file"
}

# Compares the libraries with those of the last tag before this commit, by cargo-semver-checks.
compare_with_last_release() {
    need_command git git
    local last package packages=()
    if [[ $(git rev-parse --is-shallow-repository) == true ]]; then
        printf 'NOTICE: this clone is shallow, so that the last release is not known: NOTHING is compared\n'
        return
    elif ! last=$(git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null); then
        printf 'NOTICE: there is NO RELEASE yet (no tag v...): nothing is compared\n'
        return
    fi
    need_cargo_command semver-checks
    for package in rolecall-core rolecall rolecall-nal rolecall-tls; do
        packages+=(--package "$package")
    done
    cargo semver-checks --baseline-rev "$last" "${packages[@]}"
}
