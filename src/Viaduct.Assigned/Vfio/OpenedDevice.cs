using Microsoft.Win32.SafeHandles;

namespace Viaduct.Assigned.Vfio;

/// <summary>A device in a guest's space.</summary>
internal sealed class OpenedDevice : IDisposable
{
    private readonly Action _leave;

    /// <param name="file">The device; owned.</param>
    /// <param name="leave">Called after it is closed.</param>
    internal OpenedDevice(SafeFileHandle file, Action leave)
    {
        File = file;
        _leave = leave;
    }

    /// <summary>The device.</summary>
    internal SafeFileHandle File { get; }

    /// <summary>Closes it; the kernel resets it.</summary>
    public void Dispose()
    {
        File.Dispose();
        _leave();
    }
}
