using System.Net.NetworkInformation;
using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host;

/// <summary>
/// What a network interface's driver is told about its virtual functions. Interfaces go by their numbers, functions
/// by theirs from 0. What the kernel refuses is an <see cref="IOException"/> that says why.
/// </summary>
internal interface IVfSettings
{
    /// <summary>What is set, by the functions' numbers; those that aren't there are missing.</summary>
    /// <exception cref="HostException">The kernel's answer makes no sense.</exception>
    IReadOnlyDictionary<int, VfSettings> Read(int index);

    /// <summary>Sets the address that the function has for its driver.</summary>
    void SetMac(int index, int function, PhysicalAddress mac);

    /// <summary>Sets the VLAN that the function is in without knowing.</summary>
    void SetVlan(int index, int function, VfVlanTag tag);

    /// <summary>Limits how fast the function sends.</summary>
    void SetRate(int index, int function, VfRateLimit limit);

    /// <summary>Sets whether frames from other addresses than the function's are dropped.</summary>
    void SetSpoofCheck(int index, int function, bool on);

    /// <summary>Sets whether the function's driver may do what concerns others, such as receiving all frames.</summary>
    void SetTrust(int index, int function, bool on);

    /// <summary>Sets what the function's driver sees of the link.</summary>
    void SetLinkState(int index, int function, VfLinkState state);
}
