using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio.Interop;

namespace Viaduct.Assigned.Vfio;

/// <summary>The host's kernel.</summary>
internal sealed unsafe class HostVfioKernel : IVfioKernel
{
    public SafeFileHandle? TryOpen(string path, out int error)
    {
        SafeFileHandle file = new(VfioCalls.open($"/dev/{path}", VfioCalls.O_RDWR_CLOEXEC, 0), ownsHandle: true);
        error = 0;
        if (!file.IsInvalid)
        {
            return file;
        }

        error = Marshal.GetLastPInvokeError();
        file.Dispose();
        return null;
    }

    public int Request(SafeFileHandle file, uint request, void* argument)
    {
        int result = VfioCalls.ioctl(file, request, argument);
        return result < 0 ? -Marshal.GetLastPInvokeError() : result;
    }
}
