#!/usr/bin/env bash
# Makes what the lab's outer machine is made of (docs/lab.md), if it isn't there: a Debian tree with QEMU, a kernel and the
# tools that its cases use, and Viaduct as its sources are now. Prints NAME=FOLDER lines. Needs Debian's apt, not root.
set -euo pipefail
root=$(readlink -f -- "${BASH_SOURCE[0]}")
recipe=$root
root=${root%/eng/*}
source "$root/eng/host.sh"
source "$root/eng/build.sh"

release=forky
packages=(
    base-files bash binutils coreutils dash diffutils e2fsprogs ethtool findutils fio gcc gdb-minimal grep iperf3 iproute2 iputils-ping kmod
    libc6-dev linux-libc-dev mawk mount nvme-cli pciutils procps psmisc qemu-system-x86 sed strace tcpdump util-linux
)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/viaduct/lab
# The newest of Debian's general kernels: the cloud kernels have no driver for the 82576.
kernel=linux-image-amd64

need_apt() {
    local program
    for program in apt-get apt-cache dpkg-deb tar; do
        type -P "$program" >/dev/null || fail "the lab is made of Debian's packages, and this host has no $program: use a Debian system"
    done
}

# The address of Debian's packages as this host is configured.
mirror() {
    local target found=''
    while read -r target; do
        case $target in
            'Packages Debian Debian '*) found=${target##* } && break ;;
            Packages*/debian/ | Packages*/debian) [[ -n $found ]] || found=${target##* } ;;
        esac
    done < <(apt-get indextargets --format '$(CREATED_BY) $(ORIGIN) $(LABEL) $(REPO_URI)')
    printf '%s' "${found:-http://deb.debian.org/debian}"
}

# Has apt keep all that it knows and downloads in a folder, so that neither root nor the host's own lists are needed.
private_apt() {
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [[ -e $keys ]] || fail "$keys is missing; as root: apt-get install debian-archive-keyring"
    mkdir -p "$1"/{state/lists/partial,cache/archives/partial,preferences}
    : >"$1/state/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$(mirror)" "$release" >"$1/sources.list"
    cat >"$1/apt.conf" <<-END
	Dir::Etc::sourcelist "$1/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "$1/preferences";
	Dir::State "$1/state";
	Dir::State::status "$1/state/status";
	Dir::Cache "$1/cache";
	APT::Architecture "amd64";
	APT::Architectures { "amd64"; };
	APT::Install-Recommends "false";
	APT::Get::AllowUnauthenticated "false";
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
	Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
	END
    export APT_CONFIG=$1/apt.conf
}

# The package of the kernel itself, past the names that stand for it, and that of its modules.
kernel_packages() {
    local image version
    image=$(apt-cache depends --important "$kernel" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [[ -n $image ]] || fail "$release has no $kernel"
    version=${image#linux-image-}
    printf '%s\n' "linux-binary-$version" "linux-modules-$version"
}

# Unpacks the packages into a folder, without what nobody reads there, and sets right what their installation would.
unpack_tree() {
    local package
    for package in "$1"/cache/archives/base-files_*.deb "$1"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$2" --keep-directory-symlink --no-same-owner --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
                --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' || fail "$package doesn't unpack into $2"
    done
    ln -sf dash "$2/usr/bin/sh"
    ln -sf mawk "$2/usr/bin/awk"
    ln -sf gcc "$2/usr/bin/cc"
    echo root:x:0:0:root:/root:/bin/bash >"$2/etc/passwd"
    echo root:x:0: >"$2/etc/group"
    mkdir -p "$2"/{lab,viaduct,dotnet,cache}
    # The tree's own, for the host's may not know how this kernel's modules are packed.
    "$2/lib64/ld-linux-x86-64.so.2" --argv0 depmod --library-path "$2/usr/lib/x86_64-linux-gnu" "$2/usr/bin/kmod" \
        -b "$2" "$(ls "$2/usr/lib/modules")" || fail "$2 has no modules of its kernel"
}

make_tree() {
    local work=$tree.new
    rm -rf -- "$work"
    mkdir -p "$work/root"
    say "making the lab's Debian tree in $folder (about a minute, 250 MB to download, 700 MB to keep) ..."
    need_apt
    private_apt "$work/apt"
    apt-get update -qq >&2 || fail "Debian's package lists of $release can't be had; see above"
    local -a images
    mapfile -t images < <(kernel_packages)
    ((${#images[@]} == 2)) || fail "$release has no kernel that the lab knows"
    apt-get install --download-only -y -qq "${packages[@]}" "${images[@]}" >"$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2 && fail "the lab's packages can't be had; see above"; }
    unpack_tree "$work/apt" "$work/root"
    rm -rf -- "$work/apt"
    mv -- "$work" "$tree"
    drop_others "$tree"
}

sum=$(sha1sum "$recipe")
tree=$folder/tree-${sum:0:16}
if [[ ! -d $tree ]]; then
    mkdir -p "$folder"
    exec {tree_lock}>"${folder%/*}/lab.lock"
    flock "$tree_lock"
    [[ -d $tree ]] || make_tree
    exec {tree_lock}>&-
fi
build_viaduct
find_runtime
printf 'TREE=%s\nVIADUCT=%s\nDOTNET=%s\n' "$tree/root" "$build" "${DOTNET_ROOT:-/usr/share/dotnet}"
