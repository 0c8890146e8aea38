using System.Text;

namespace Viaduct.Cli.Bench.Workloads;

/// <summary>The script that takes workloads by name, a line each, and marks when each begins and ends; in a guest and on the host alike.</summary>
internal static class WorkloadScript
{
    // Nobody asks for long where the bench was killed: then it ends.
    private const int Patience = 900;

    /// <summary>As a guest's init runs it.</summary>
    internal static string ForGuest() => $"""
        PATH=/sbin:/usr/sbin:/bin:/usr/bin
        stty -echo
        bin=/bin
        cd /tmp
        {Body()}
        poweroff -f
        """;

    /// <summary>As busybox runs it on the host: programs and files in one folder.</summary>
    internal static string ForHost(string folder) => $"""
        PATH={folder}/bin
        bin={folder}/bin
        cd {folder}
        {Body()}
        """;

    private static string Body()
    {
        StringBuilder script = new($$"""
            say() { echo "@viaduct $*"; }
            say ready
            while read -r -t {{Patience}} name; do
                [ "$name" = end ] && break
                case "$name" in

            """);
        foreach (Workload workload in Workload.All)
        {
            script.Append(workload.Name).Append(")\n");
            if (workload.Prepare.Length != 0)
            {
                script.Append(workload.Prepare).Append('\n');
            }

            script.Append("say begin\n").Append(workload.Command).Append("\nsay end $?\n;;\n");
        }

        return script.Append("esac\ndone").ToString();
    }
}
