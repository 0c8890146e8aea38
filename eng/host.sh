# Sourced by the scripts at the root: what they need of the host, and how they build.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
# The SDK wants ICU otherwise, which a bare Debian hasn't got and a build doesn't need.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

fail() {
    say "$@"
    exit 1
}

# Installs the Debian packages that are missing, as root; tells another user which they are.
need_packages() {
    local -a missing=()
    [[ -e /etc/ssl/certs/ca-certificates.crt || -n ${SSL_CERT_FILE:-} ]] || missing+=(ca-certificates)
    type -P flock >/dev/null || missing+=(util-linux)
    type -P find >/dev/null || missing+=(findutils)
    install_packages "${missing[@]}"
}

# What the tests of networks use beside: they fail without.
need_test_packages() {
    local -a missing=()
    type -P passt >/dev/null || missing+=(passt)
    type -P ip >/dev/null || missing+=(iproute2)
    install_packages "${missing[@]}"
}

install_packages() {
    (($#)) || return 0
    if ((EUID != 0)) || ! type -P apt-get >/dev/null; then
        fail "these Debian packages are missing; as root: apt-get install $*"
    fi
    say "installing with apt-get: $*"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@"; } >&2 ||
        fail "apt-get could not install $*"
}

need_sdk() {
    if ! type -P dotnet >/dev/null || [[ $'\n'$(dotnet --list-sdks 2>/dev/null) != *$'\n'10.* ]]; then
        fail "the .NET 10 SDK is needed to build. Install dotnet-sdk-10.0 from Microsoft's package feed, or" \
            "run https://dot.net/v1/dotnet-install.sh with --channel 10.0, and put dotnet on the PATH."
    fi
}

# Our programs look for the .NET runtime in fixed places; where the SDK lies elsewhere, say where.
find_runtime() {
    [[ -z ${DOTNET_ROOT:-} ]] || return 0
    local dotnet
    dotnet=$(type -P dotnet) || return 0
    dotnet=$(readlink -f -- "$dotnet")
    [[ ! -d ${dotnet%/*}/host/fxr ]] || export DOTNET_ROOT=${dotnet%/*}
}

# Takes the build lock, which others of this script wait for. It is held until the shell ends or unlock.
lock_build() {
    mkdir -p "$root/artifacts"
    exec {build_lock}>"$root/artifacts/.lock"
    if ! flock -w 1 "$build_lock"; then
        say "waiting for another build"
        flock "$build_lock"
    fi
}

unlock_build() { exec {build_lock}>&-; }

# Runs "dotnet ARGUMENTS", silently for a second, then with a line for each project that is done. On failure shows
# the errors and ends.
dotnet_build() {
    local log=$root/artifacts/${0##*/}-build.log started=${EPOCHREALTIME/[.,]/} told='' line='' part status=1 lines
    : >"$log"
    exec {lines}< <(
        exec {build_lock}>&-
        dotnet "$@" </dev/null 2>&1
        echo "exit status $?"
    )
    while :; do
        if IFS= read -r -t 1 -u "$lines" part; then
            line+=$part
            [[ $line != 'exit status '* ]] || { status=${line##* } && break; }
            printf '%s\n' "$line" >>"$log"
            if [[ -n $told && $line == *' -> '*.dll ]]; then
                line=${line%% -> *}
                say "built ${line##* }"
            fi
            line=''
        elif (($? > 128)); then
            line+=$part
        else
            break
        fi
        if [[ -z $told ]] && ((${EPOCHREALTIME/[.,]/} - started > 1000000)); then
            told=yes
            say "building (the first time takes about a minute) ..."
        fi
    done
    exec {lines}<&-
    if ((status != 0)); then
        grep -E '(error|warning) [A-Z]+[0-9]+:|: error' "$log" | sort -u >&2 || cat "$log" >&2
        fail "the build failed; all of it is in ${log#"$root"/}"
    fi
    [[ -z $told ]] || say "built in $(((${EPOCHREALTIME/[.,]/} - started) / 1000000)) s"
}
