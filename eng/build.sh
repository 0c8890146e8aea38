# Sourced by the scripts at the root after host.sh: Viaduct built from its sources.

# What the program is built from, as a number. Each build has a folder of its own by that number, so that a new
# build never changes the files of a monitor that is running.
signature() {
    local sum
    sum=$(cd "$root" && find src Directory.*.props global.json -type f ! -name packages.lock.json -print0 |
        LC_ALL=C sort -z | xargs -0 sha1sum | sha1sum)
    printf '%s' "${sum:0:16}"
}

# Removes the folders beside one, but for those that a process runs from.
drop_others() {
    local old running
    running=$(readlink /proc/[0-9]*/exe || true)
    for old in "${1%/*}"/*; do
        [[ $old == "$1" || $running == *"$old/"* ]] || rm -rf -- "$old"
    done
}

# Sets build to the folder of Viaduct as its sources are now, built if that was not done yet.
build_viaduct() {
    build=$root/artifacts/viaduct/$(signature)
    [[ ! -x $build/viaduct ]] || return 0
    need_packages
    need_sdk
    lock_build
    build=$root/artifacts/viaduct/$(signature)
    if [[ ! -x $build/viaduct ]]; then
        rm -rf -- "$build.new"
        dotnet_build publish "$root/src/Viaduct.Cli" -c Release -r linux-x64 --self-contained false -o "$build.new" \
            -nologo -v:minimal -tl:off
        rm -rf -- "$build"
        mv -- "$build.new" "$build"
        drop_others "$build"
    fi
    unlock_build
}
