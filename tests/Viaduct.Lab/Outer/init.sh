# Runs as the outer machine's init, by busybox: the shared tree with a writable layer in memory becomes the root, then the agent
# takes over. In the machine's shell, a person does.
shared() {
    mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2" || { echo "lab: $1 can't be mounted"; poweroff -f; }
}

mkdir -p /lower/tree /lower/cache /upper /root
mount -t tmpfs -o size=60% upper /upper
mkdir -p /upper/tree /upper/tree.work /upper/cache /upper/cache.work
shared tree /lower/tree ro,cache=loose
mount -t overlay -o lowerdir=/lower/tree,upperdir=/upper/tree,workdir=/upper/tree.work root /root
shared viaduct /root/viaduct ro,cache=loose
shared dotnet /root/dotnet ro,cache=loose
shared cache /lower/cache ro,cache=loose
mkdir -p /root/cache/viaduct
mount -t overlay -o lowerdir=/lower/cache,upperdir=/upper/cache,workdir=/upper/cache.work cache /root/cache/viaduct
shared lab /root/lab cache=none
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t devtmpfs dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts devpts /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t tmpfs run /root/run
mount -t tmpfs tmp /root/tmp
ip link set lo up
export PATH=/viaduct:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux
export XDG_CACHE_HOME=/cache DOTNET_ROOT=/dotnet DOTNET_CLI_TELEMETRY_OPTOUT=1
case $(cat /proc/cmdline) in
    *lab=shell*) setsid cttyhack chroot /root /bin/bash -l ;;
    *) chroot /root /bin/bash /lab/agent.sh ;;
esac
poweroff -f
