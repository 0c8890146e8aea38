# The outer machine's agent: takes orders on a port, a line each, and runs the scripts that lie in /lab.
#
#   run ID        /lab/ID.sh, in a session of its own, its output to /lab/ID.out, its input what "type" brings
#   type ID N     puts /lab/ID.N to its input
#   kill ID       ends all of its session
#
# and says "ready", then "done ID STATUS" as each ends.
# The kernel makes the port, which has its bus's number in its name, a little after its driver is there.
until port=$(compgen -G '/dev/vport*p1'); do sleep 0.1; done
exec 3<>"$port"
mkdir -p /run/lab

run() {
    local status=0 input
    exec {input}<>"/run/lab/$1.in"
    setsid bash "/lab/$1.sh" <&"$input" >"/lab/$1.out" 2>&1 3>&- {input}>&- &
    echo $! >"/run/lab/$1.pid"
    wait $! || status=$?
    rm -f "/run/lab/$1".{in,pid}
    echo "done $1 $status" >&3
}

# Those whose leader is gone are the session's still.
end() {
    local leader
    leader=$(cat "/run/lab/$1.pid" 2>/dev/null) || return
    pkill -KILL -s "$leader"
}

echo ready >&3
while read -r verb id number <&3; do
    case $verb in
        run)
            mkfifo "/run/lab/$id.in"
            run "$id" &
            ;;
        type) cat "/lab/$id.$number" >"/run/lab/$id.in" & ;;
        kill) end "$id" ;;
    esac
done
