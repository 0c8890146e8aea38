using Viaduct.Assigned;
using Viaduct.Assigned.Registry;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;

namespace Viaduct.Sriov.Host;

/// <summary>Changes to the host's physical functions and their virtual ones. Each is done whole or not at all, and leaves alone what is in use.</summary>
/// <param name="host">The functions.</param>
public sealed class HostChanges(HostFunctions host)
{
    private const string Ourselves = "viaduct sriov";

    /// <summary>
    /// Makes virtual functions beside those that are there. A device makes all of its at once: those that are there are
    /// taken away meanwhile, and come back with their settings and drivers.
    /// </summary>
    /// <param name="target">The physical function, as <see cref="HostFunctions.Find"/> takes it.</param>
    /// <param name="more">1 or more.</param>
    /// <param name="each">What the new ones are set to, before a driver sees them.</param>
    /// <param name="probes">Whether the host's drivers take the new ones; null as it is set.</param>
    /// <param name="force">Also where the host's own network uses some that are there.</param>
    /// <exception cref="HostFunctionException">It was not done; all is as it was, or the message says what isn't.</exception>
    public void Create(string target, int more, VfChange each, bool? probes, bool force)
    {
        using Reservation reservation = Reserve(target);
        PhysicalFunctionState physical = reservation.Physical;
        int there = physical.Functions.Count;
        if (more < 1 || more > physical.Total - there)
        {
            throw Invalid(more < 1
                ? $"{more} is no number of virtual functions to create"
                : $"{more} more virtual functions can't be created: {physical.Name} has {there} of at most {physical.Total}");
        }

        CheckSettings(physical, each);
        reservation.TakeAll(force, $"{physical.Name} makes all of its virtual functions at once: those that are there have to go first");
        new Resizing(host, physical).Run(there + more, each, probes);
    }

    /// <summary>Takes virtual functions away: all, or the last ones, since a device has them numbered from 1 without gaps.</summary>
    /// <param name="target">The physical function.</param>
    /// <param name="numbers">Which, from 1; null for all.</param>
    /// <param name="force">Also where the host's own network uses them.</param>
    /// <exception cref="HostFunctionException">It was not done; all is as it was, or the message says what isn't.</exception>
    public void Remove(string target, IReadOnlyCollection<int>? numbers, bool force)
    {
        using Reservation reservation = Reserve(target);
        PhysicalFunctionState physical = reservation.Physical;
        int there = physical.Functions.Count;
        HashSet<int> gone = [.. numbers ?? Enumerable.Range(1, there)];
        foreach (int number in gone)
        {
            _ = Function(physical, number);
        }

        int rest = there - gone.Count;
        if (gone.Any(number => number <= rest))
        {
            throw Invalid($"{physical.Name} has vf1 to vf{there}, and only the last ones can go alone: name {Range(rest + 1, there)}, or none for all");
        }

        if (gone.Count == 0)
        {
            return;
        }

        reservation.TakeAll(force, rest == 0 ? null : $"{physical.Name} can't take away some of its virtual functions without the others, which would come back");
        new Resizing(host, physical).Run(rest, new VfChange(), probes: null);
        reservation.ForgetFrom(rest + 1);
    }

    /// <summary>Changes settings of a virtual function.</summary>
    /// <param name="target">The physical function.</param>
    /// <param name="number">From 1.</param>
    /// <param name="change">What is to be.</param>
    /// <returns>What the driver took but doesn't show afterwards, for people; empty where all is as it was asked.</returns>
    /// <exception cref="HostFunctionException">It was not done; all is as it was, or the message says what isn't.</exception>
    public IReadOnlyList<string> Set(string target, int number, VfChange change)
    {
        using Reservation reservation = Reserve(target);
        PhysicalFunctionState physical = reservation.Physical;
        VirtualFunctionState function = Function(physical, number);
        CheckSettings(physical, change);
        if (change.IsEmpty)
        {
            throw Invalid("nothing is to be set");
        }

        if (change.Mac is not null && function.Use is { CanForce: false } use)
        {
            throw new HostFunctionException(ControlErrorKind.Held, $"{function.Name}'s MAC can't change under its driver: it is used by {use.Text}; {use.Remedy}");
        }

        Steps steps = new(error => KernelWords.Explain(error, physical.Driver));
        new VfSteps(host.Kernel, physical.InterfaceIndex, steps).Apply(number, function.Settings ?? new VfSettings(), change);
        return host.Kernel.Read(physical.InterfaceIndex).TryGetValue(number - 1, out VfSettings? now) ? change.Missing(now) : [];
    }

    /// <summary>Has the host's drivers take virtual functions as they come, or not.</summary>
    /// <param name="target">The physical function.</param>
    /// <param name="on">Whether they do.</param>
    /// <exception cref="HostFunctionException">It was not done.</exception>
    public void SetProbes(string target, bool on)
    {
        using Reservation reservation = Reserve(target);
        PhysicalFunctionState physical = reservation.Physical;
        new Steps(error => KernelWords.Explain(error, physical.Driver))
            .Do($"switch {physical.Name}'s drivers_autoprobe {(on ? "on" : "off")}", () => host.Files.SetProbes(physical.Address, on), undo: null);
    }

    private Reservation Reserve(string target) => new(host, host.Find(target), Ourselves);

    private static VirtualFunctionState Function(PhysicalFunctionState physical, int number) =>
        physical.Functions.FirstOrDefault(each => each.Number == number)
        ?? throw new HostFunctionException(ControlErrorKind.Missing, physical.Functions.Count == 0
            ? $"{physical.Name} has no virtual functions: create some with viaduct sriov create {physical.Name} N"
            : $"{physical.Name} has no vf{number}: it has {Range(1, physical.Functions.Count)}; they are numbered from 1, where 'ip link' says vf 0");

    private static void CheckSettings(PhysicalFunctionState physical, VfChange change)
    {
        if (change.Problem() is { } problem)
        {
            throw Invalid(problem);
        }

        if (!change.IsEmpty && physical.Interface is null)
        {
            throw Invalid($"{physical.Name} has no network interface on this host, so its virtual functions have no such settings");
        }
    }

    private static string Range(int first, int last) => first == last ? $"vf{first}" : $"vf{first} to vf{last}";

    private static HostFunctionException Invalid(string message) => new(ControlErrorKind.Invalid, message);
}
