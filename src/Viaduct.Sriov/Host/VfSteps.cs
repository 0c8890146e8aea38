namespace Viaduct.Sriov.Host;

/// <summary>The settings of a virtual function, changed one by one, and taken back where a later one fails.</summary>
internal sealed class VfSteps(IVfSettings kernel, int index, Steps steps)
{
    /// <summary>Changes what a change names.</summary>
    /// <param name="number">The function's, from 1.</param>
    /// <param name="before">What is set now.</param>
    /// <param name="change">What is to be.</param>
    /// <exception cref="HostFunctionException">The kernel refuses one; the others are taken back.</exception>
    internal void Apply(int number, VfSettings before, VfChange change)
    {
        int function = number - 1;
        if (change.Mac is { } mac)
        {
            steps.Do(
                $"set vf{number}'s MAC to {VfChange.Text(mac)}",
                () => kernel.SetMac(index, function, mac),
                before.Mac is { } old ? () => kernel.SetMac(index, function, old) : null);
        }

        if ((change.Vlan ?? change.Priority) is not null || change.IsServiceTag is not null)
        {
            VfVlanTag tag = new(change.Vlan ?? before.Vlan.Vlan, change.Priority ?? before.Vlan.Priority, change.IsServiceTag ?? before.Vlan.IsServiceTag);
            steps.Do($"put vf{number} into {tag}", () => kernel.SetVlan(index, function, tag), () => kernel.SetVlan(index, function, before.Vlan));
        }

        if ((change.LeastRate ?? change.MostRate) is not null)
        {
            VfRateLimit limit = new(change.LeastRate ?? before.Rate.Least, change.MostRate ?? before.Rate.Most);
            steps.Do($"have vf{number} send {limit}", () => kernel.SetRate(index, function, limit), () => kernel.SetRate(index, function, before.Rate));
        }

        Switch($"vf{number}'s spoof check", change.SpoofCheck, before.SpoofCheck, on => kernel.SetSpoofCheck(index, function, on));
        Switch($"vf{number}'s trust", change.Trust, before.Trust, on => kernel.SetTrust(index, function, on));
        if (change.LinkState is { } state)
        {
            steps.Do(
                $"set vf{number}'s link to {state.ToString().ToLowerInvariant()}",
                () => kernel.SetLinkState(index, function, state),
                () => kernel.SetLinkState(index, function, before.LinkState));
        }
    }

    /// <summary>Sets what isn't as it was once: a function that was taken away and is back has the driver's defaults.</summary>
    /// <exception cref="HostFunctionException">The kernel refuses.</exception>
    internal void Restore(int number, VfSettings wanted, VfSettings now) => Apply(number, now, ChangeTo(wanted, now));

    private static VfChange ChangeTo(VfSettings wanted, VfSettings now) => new()
    {
        Mac = Equals(wanted.Mac, now.Mac) || wanted.Mac is null || wanted.Mac.GetAddressBytes().All(octet => octet == 0) ? null : wanted.Mac,
        Vlan = wanted.Vlan == now.Vlan ? null : wanted.Vlan.Vlan,
        Priority = wanted.Vlan == now.Vlan ? null : wanted.Vlan.Priority,
        IsServiceTag = wanted.Vlan == now.Vlan ? null : wanted.Vlan.IsServiceTag,
        LeastRate = wanted.Rate == now.Rate ? null : wanted.Rate.Least,
        MostRate = wanted.Rate == now.Rate ? null : wanted.Rate.Most,
        SpoofCheck = wanted.SpoofCheck == now.SpoofCheck ? null : wanted.SpoofCheck,
        Trust = wanted.Trust == now.Trust ? null : wanted.Trust,
        LinkState = wanted.LinkState == now.LinkState ? null : wanted.LinkState,
    };

    private void Switch(string name, bool? wanted, bool? before, Action<bool> set)
    {
        if (wanted is { } on)
        {
            steps.Do($"switch {name} {(on ? "on" : "off")}", () => set(on), before is { } old ? () => set(old) : null);
        }
    }
}
