using Viaduct.Platform.Host;
using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Host;

/// <summary>What the kernel's error numbers mean where virtual functions are concerned, for people.</summary>
internal static class KernelWords
{
    private const int EPERM = 1;
    private const int ENOENT = 2;
    private const int ENOMEM = 12;
    private const int EACCES = 13;
    private const int EBUSY = 16;
    private const int ENODEV = 19;
    private const int EINVAL = 22;
    private const int ERANGE = 34;
    private const int EOPNOTSUPP = 95;
    private const int EPROTONOSUPPORT = 93;

    /// <summary>Says why a change was refused.</summary>
    /// <param name="error">What came of it.</param>
    /// <param name="driver">The physical function's.</param>
    internal static string Explain(Exception error, string? driver)
    {
        string who = driver is null ? "the kernel" : $"the driver {driver}";
        return error switch
        {
            UnauthorizedAccessException => "this user may not; run it as root",
            NetlinkException refusal => OfSetting(refusal, who),
            HostException failure => OfFile(failure, who, driver is null),
            _ => error.Message,
        };
    }

    private static string OfSetting(NetlinkException refusal, string who)
    {
        string meaning = refusal.Errno switch
        {
            EPERM or EACCES => "this user may not; run it as root",
            EOPNOTSUPP => $"{who} doesn't offer that",
            EPROTONOSUPPORT => $"{who} has no tags of 802.1ad",
            EINVAL => $"{who} doesn't take that value; a rate needs the interface up, with a link that is as fast",
            ERANGE => $"{who} has no such function or value",
            EBUSY => $"{who} is busy; the interface may have to be up, or down",
            _ => $"{who} refuses",
        };
        return refusal.Reason is { } words ? $"{meaning}: \"{words}\"" : $"{meaning} (errno {refusal.Errno})";
    }

    private static string OfFile(HostException failure, string who, bool isDriverless) => failure.Errno switch
    {
        EPERM or EACCES => "this user may not; run it as root",
        ENOENT when isDriverless => "no driver has it; virtual functions are made by the physical one's: echo ADDRESS > /sys/bus/pci/drivers_probe",
        ENOENT => $"{who} makes no virtual functions",
        ENOMEM => "the firmware left too few bus numbers or addresses for them; try pci=realloc or pci=assign-busses on the kernel's command line",
        EBUSY => $"{who} says that they are busy, or wants them taken away first",
        ENODEV => $"{who} says that it isn't ready: is the interface up, the controller alive?",
        EINVAL or ERANGE => $"{who} doesn't take that number",
        _ => failure.Message,
    };
}
