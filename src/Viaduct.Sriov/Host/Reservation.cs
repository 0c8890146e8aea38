using Viaduct.Assigned;
using Viaduct.Assigned.Registry;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;

namespace Viaduct.Sriov.Host;

/// <summary>A physical function, and virtual ones of it, that nobody else can take or change meanwhile.</summary>
internal sealed class Reservation : IDisposable
{
    private readonly HostFunctions _host;
    private readonly string _holder;
    private readonly DeviceClaim _physical;
    private readonly SortedList<int, DeviceClaim> _functions = [];

    /// <exception cref="HostFunctionException">Somebody has it.</exception>
    internal Reservation(HostFunctions host, PhysicalFunctionState physical, string holder)
    {
        _host = host;
        _holder = holder;
        if (physical.Use is { } use)
        {
            throw new HostFunctionException(ControlErrorKind.Held, $"{physical.Name} is used by {use.Text}; {use.Remedy}");
        }

        _physical = Claim(physical.Address);

        // As it was looked at, somebody may have been about to change it.
        try
        {
            Physical = host.Look(physical.Address) ?? physical;
        }
        catch
        {
            _physical.Dispose();
            throw;
        }
    }

    /// <summary>The physical function as it stands since it is reserved.</summary>
    internal PhysicalFunctionState Physical { get; }

    /// <summary>Takes all virtual functions that there are.</summary>
    /// <param name="force">Also those that the host's own network uses.</param>
    /// <param name="reason">Why those, too, that nobody asked to change; null where all are to go.</param>
    /// <exception cref="HostFunctionException">One is in use; the message says who uses it.</exception>
    internal void TakeAll(bool force, string? reason)
    {
        foreach (VirtualFunctionState function in Physical.Functions)
        {
            if (function.Use is { } use && !(force && use.CanForce))
            {
                throw new HostFunctionException(
                    ControlErrorKind.Held,
                    $"{Physical.Name}'s {function.Name} ({function.Address}) is used by {use.Text}; {use.Remedy}{(use.CanForce ? ", or take it all the same: --force" : "")}{(reason is null ? "" : $" ({reason})")}");
            }
        }

        foreach (VirtualFunctionState function in Physical.Functions)
        {
            _functions.Add(function.Number, Claim(function.Address));
        }
    }

    /// <summary>What processes that died left to be put right at virtual functions is gone with these.</summary>
    /// <param name="first">The number of the first that is gone.</param>
    internal void ForgetFrom(int first)
    {
        foreach ((int number, DeviceClaim claim) in _functions)
        {
            if (number >= first && claim.Left.Count > 0)
            {
                claim.Note(new Dictionary<string, string>());
            }
        }
    }

    public void Dispose()
    {
        foreach (DeviceClaim claim in _functions.Values)
        {
            claim.Dispose();
        }

        _physical.Dispose();
    }

    private DeviceClaim Claim(PciAddress address)
    {
        try
        {
            return _host.Registry.Claim(address.ToString(), _holder);
        }
        catch (AssignedDeviceException error)
        {
            throw new HostFunctionException(ControlErrorKind.Held, error.Message, error);
        }
        catch (HostException error)
        {
            throw new HostFunctionException(ControlErrorKind.Failed, $"who changes {address} can't be written down: {error.Message}; run it as root", error);
        }
    }
}
