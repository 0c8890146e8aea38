namespace Viaduct.Assigned;

/// <summary>Who has a device: the client of a served one, the monitor that has one of the host's.</summary>
/// <param name="Process">Its process id, as it was when it connected.</param>
/// <param name="Name">What it calls itself, else its program's name.</param>
/// <param name="Since">When it got the device.</param>
public sealed record DeviceHolder(int Process, string Name, DateTimeOffset Since)
{
    /// <summary>For people: <c>"guest a (pid 17) since 12:00:01 UTC"</c>.</summary>
    public override string ToString() => $"{Name} (pid {Process}) since {Since.UtcDateTime:HH:mm:ss} UTC";

    /// <summary>Who is at the other end of a connection.</summary>
    internal static DeviceHolder Of(int process, string? name, DateTimeOffset now) => new(process, name ?? ProgramOf(process), now);

    private static string ProgramOf(int process)
    {
        try
        {
            return string.Concat(File.ReadAllText($"/proc/{process}/comm").Where(character => !char.IsControl(character)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "a process";
        }
    }
}
