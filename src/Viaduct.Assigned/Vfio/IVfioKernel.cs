using Microsoft.Win32.SafeHandles;

namespace Viaduct.Assigned.Vfio;

/// <summary>The two calls by which VFIO and IOMMUFD are reached; reads, writes and mappings go to the files that they give.</summary>
internal unsafe interface IVfioKernel
{
    /// <summary>Opens a device file.</summary>
    /// <param name="path">From <c>/dev</c> on: <c>"vfio/vfio"</c>.</param>
    /// <param name="error">The errno where it can't be, else zero.</param>
    SafeFileHandle? TryOpen(string path, out int error);

    /// <summary>Makes a request.</summary>
    /// <returns>What the kernel answered; a negative errno where it refused.</returns>
    int Request(SafeFileHandle file, uint request, void* argument);
}
