# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with tests/run
# Runs the fuzz targets for a limited time; sourced by tests/run.

# The dictionaries of each target.
declare -A fuzz_dictionaries=(
    [chunks]="http"
    [cognito]="script json http"
    [container]="script json http"
    [http_body]="http"
    [http_head]="http"
    [imds]="script json http"
    [iot]="script json http"
    [ini]="ini"
    [json]="json"
    [json_writer]="json"
    [login]="script json http"
    [pem]="pem"
    [percent]="http"
    [roles_anywhere]="script json http"
    [process]="script json"
    [s3_session]="script xml http"
    [send]="script json xml http"
    [serve_request]="http"
    [sigv4]="http"
    [sigv4a]="http"
    [sso]="script json http"
    [sso_oidc]="script json http"
    [sts]="script xml http"
    [time]="time"
    [uri]="http"
    [verify]="http"
    [x509]="pem"
    [xml]="xml"
)

need_cargo_fuzz() {
    need_command c++ g++
    need_cargo_command fuzz
}

# Builds the targets, and sets `fuzz_programs` to their directory.
build_fuzz_targets() {
    need_cargo_fuzz
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    # No sanitizer: there is no unsafe code to check, and without one a stable compiler is sufficient.
    cargo fuzz build --sanitizer none --target-dir "$target/fuzz-run"
    fuzz_programs=$target/fuzz-run/$host/release
}

# Runs every target from its seeds for FUZZ_SECONDS (10), one per processor at a time. Findings are kept outside the
# source tree.
fuzz_every_target() {
    build_fuzz_targets
    local name seconds=${FUZZ_SECONDS:-10} findings=$target/fuzz-findings runs cover found=()
    rm -rf "$findings"
    for name in $(cargo fuzz list); do
        [[ -d fuzz/seeds/$name && -n ${fuzz_dictionaries[$name]:-} ]] ||
            { printf '%s has no seeds or no dictionary\n' "$name"; return 1; }
        wait_for_room "$(nproc)"
        # A group that runs at the same time may have deadlines.
        fuzz_target "$name" "$seconds" "$findings/$name" nice &
    done
    wait
    for name in $(cargo fuzz list); do
        [[ $(<"$scratch/$name.status") == "$fuzz_timed_out" ]] || continue
        printf '%s: an input took over %d s while another group was running; trying it again, alone\n' \
            "$name" "$fuzz_timeout"
        fuzz_target "$name" "$seconds" "$findings/$name"
    done
    printf '\n%-12s %8s %12s %8s\n' target seconds executions edges
    for name in $(cargo fuzz list); do
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$name.log")
        cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$scratch/$name.log" | tail -n 1)
        printf '%-12s %8d %12d %8d\n' "$name" "$seconds" "${runs:-0}" "${cover:-0}"
        [[ $(<"$scratch/$name.status") == 0 && ${runs:-0} -gt 0 ]] || found+=("$name")
    done
    for name in "${found[@]}"; do
        printf '\n%s:\n' "$name"
        grep -a -A 3 -E 'panicked at|ERROR: libFuzzer|Test unit written|Base64' "$scratch/$name.log"
    done
    [[ ${#found[@]} -eq 0 ]]
}

# The limit in seconds for an input, which libFuzzer measures in wall-clock time, and its exit status if exceeded.
fuzz_timeout=10 fuzz_timed_out=70

# fuzz_target NAME SECONDS FINDINGS [nice]: runs a target, including its earlier findings; writes NAME.log, and
# NAME.status with 0 if there was no finding.
fuzz_target() {
    local status=0
    mkdir -p "$3" "$scratch/corpus/$1"
    fuzz_dictionary "$1" >"$scratch/$1.dict"
    "${@:4}" "$fuzz_programs/$1" "$scratch/corpus/$1" "fuzz/seeds/$1" "$3" -dict="$scratch/$1.dict" \
        -artifact_prefix="$3/" -max_total_time="$2" -timeout="$fuzz_timeout" -print_final_stats=1 \
        >"$scratch/$1.log" 2>&1 || status=$?
    printf '%d\n' "$status" >"$scratch/$1.status"
}

# fuzz_dictionary TARGET: prints its dictionaries as one.
fuzz_dictionary() {
    local format
    for format in ${fuzz_dictionaries[$1]}; do
        cat "fuzz/dictionaries/$format"
    done
}
