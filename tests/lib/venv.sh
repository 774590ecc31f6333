# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with tests/run
# The virtual environments with the packages of tests/requirements.txt and of tests/requirements-awscli.txt; sourced by
# tests/run.

# Creates it unless it is up to date, and sets `python` to its interpreter.
need_venv() {
    need_command python3 python3
    # Debian has a part of `venv` in a separate package.
    python3 -c 'import ensurepip, venv' 2>/dev/null || need_debian python3-venv
    python=$target/venv/bin/python
    alone make_venv
}

make_venv() {
    local venv=$target/venv requirements=$root/tests/requirements.txt
    # The copy is made last, so that an incomplete environment is not mistaken for a complete one.
    if cmp -s "$requirements" "$venv/requirements.txt" && "$python" -c '' 2>/dev/null; then
        return
    fi
    rm -rf "$venv"
    python3 -m venv "$venv"
    printf 'Installing tests/requirements.txt ...\n'
    # By uv, which takes half as long as pip.
    if ! "$python" -m pip install --quiet --disable-pip-version-check --no-input "$(grep '^uv==' "$requirements")" ||
        ! "${python%/*}/uv" pip install --quiet --no-cache --python "$python" -r "$requirements"; then
        skip "tests/requirements.txt, which could not be installed (no package index?)"
    fi
    cp "$requirements" "$venv/requirements.txt"
}

# Creates the one of the AWS CLI unless it is up to date; after `need_venv`, whose uv it uses.
make_aws_cli() {
    local venv=$target/awscli requirements=$root/tests/requirements-awscli.txt uv=${python%/*}/uv
    if cmp -s "$requirements" "$venv/requirements.txt" && "$venv/bin/aws" --version >/dev/null 2>&1; then
        return
    fi
    rm -rf "$venv"
    printf 'Installing tests/requirements-awscli.txt ...\n'
    if ! "$uv" venv --quiet --python "$python" "$venv" ||
        ! "$uv" pip install --quiet --no-cache --python "$venv/bin/python" -r "$requirements"; then
        rm -rf "$venv"
        skip "tests/requirements-awscli.txt, which could not be installed (no package index?)"
    fi
    cp "$requirements" "$venv/requirements.txt"
}
