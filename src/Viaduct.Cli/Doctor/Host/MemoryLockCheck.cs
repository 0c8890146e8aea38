using System.Globalization;
using Viaduct.Cli.Parsing;

namespace Viaduct.Cli.Doctor.Host;

/// <summary>Whether this user may lock as much memory as a guest has: all of it, once a device of the host's can write to it at any time.</summary>
internal static class MemoryLockCheck
{
    private const string Name = "locked memory";
    private const ulong Enough = 1UL << 30;
    private const int IpcLock = 14;

    internal static HostFinding Look(HostFiles files)
    {
        if (HasCapability(files))
        {
            return new HostFinding(Name, true, "any amount: this user may lock memory without a limit (CAP_IPC_LOCK)", "");
        }

        // Limit, soft, hard, unit.
        string? line = files.Text("proc/self/limits")?.Split('\n').FirstOrDefault(each => each.StartsWith("Max locked memory", StringComparison.Ordinal));
        string soft = line?["Max locked memory".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [{ } first, ..] ? first : "";
        if (soft == "unlimited" || !ulong.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out ulong limit))
        {
            return new HostFinding(Name, true, "no limit", "");
        }

        return limit >= Enough
            ? new HostFinding(Name, true, $"guests with devices of this host may have less than {SizeParser.Format(limit)} of memory", "")
            : new HostFinding(
                Name, false, $"at most {SizeParser.Format(limit)}, and a guest with a device of this host has all of its memory locked",
                "ulimit -l unlimited, for good by a line 'USER - memlock unlimited' in /etc/security/limits.d/viaduct.conf; or run as root");
    }

    private static bool HasCapability(HostFiles files)
    {
        string? line = files.Text("proc/self/status")?.Split('\n').FirstOrDefault(each => each.StartsWith("CapEff:", StringComparison.Ordinal));
        return line is not null
            && ulong.TryParse(line.AsSpan("CapEff:".Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong effective)
            && ((effective >> IpcLock) & 1) != 0;
    }
}
