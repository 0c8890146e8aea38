using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;

namespace Viaduct.Emulated.Nvme;

/// <summary>Makes the virtual functions of a subsystem's physical function: each is a secondary controller with a thread of its own.</summary>
internal sealed class NvmeVirtualFunctions(NvmeSubsystem subsystem, IEventLog log) : IVirtualFunctionSource, IDisposable
{
    private readonly Lock _lock = new();
    private readonly NvmeController?[] _controllers = new NvmeController?[subsystem.Options.VirtualFunctions];

    /// <summary>The physical function's capability; set before there is anything to make.</summary>
    internal SriovCapability Capability { get; set; } = null!;

    /// <inheritdoc/>
    public PciFunction? Create(int index, DmaTarget dma, VirtualFunctionForm form)
    {
        PciFunction function = Capability.NewFunction(index, dma, form);
        NvmeController controller;
        try
        {
            controller = NvmeBar.Equip(function, subsystem, subsystem.Seat(index + 1), log);
        }
        catch (Exception error) when (error is HostException or OutOfMemoryException or ThreadStartException)
        {
            subsystem.Leave(subsystem.Seat(index + 1));
            log.Warn(function.Name, $"there are no means for one more virtual function: {error.Message}");
            return null;
        }

        function.AddErrorReporting();
        function.AddAri();
        function.Reset += controller.Reset;
        lock (_lock)
        {
            _controllers[index] = controller;
        }

        return function;
    }

    /// <inheritdoc/>
    public void Remove(int index, PciFunction function)
    {
        NvmeController? controller;
        lock (_lock)
        {
            controller = _controllers[index];
            _controllers[index] = null;
        }

        if (controller is not null)
        {
            function.Reset -= controller.Reset;
            controller.Dispose();
        }
    }

    /// <summary>Ends those that are still there.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (NvmeController? controller in _controllers)
            {
                controller?.Dispose();
            }

            Array.Clear(_controllers);
        }
    }
}
