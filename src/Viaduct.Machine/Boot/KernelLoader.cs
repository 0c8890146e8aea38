using System.Text;
using Viaduct.Platform.Engines;

namespace Viaduct.Machine.Boot;

/// <summary>Puts a kernel into guest memory by the protocol that its format has: Linux's 64-bit one, PVH or multiboot.</summary>
internal static class KernelLoader
{
    internal const ulong CommandLineAddress = 0x2_0000;
    private const int MaxCommandLine = 0x1_0000;
    private const ulong PageSize = 4096;

    /// <summary>Loads everything.</summary>
    /// <returns>How the bootstrap processor begins.</returns>
    /// <exception cref="KernelImageException">A file can't be read or booted.</exception>
    internal static CpuBootState Load(BootRequest request, BootMemory memory)
    {
        byte[] file = ReadFile(request.KernelPath);
        bool isElf = ElfImage.IsElf(file);
        bool isMultiboot = isElf && MultibootProtocol.IsMultiboot(file);

        // Multiboot's command line begins with the program's name.
        string text = isMultiboot ? $"{Path.GetFileName(request.KernelPath)} {request.CommandLine}" : request.CommandLine;
        byte[] commandLine = Encoding.UTF8.GetBytes(text + "\0");
        if (commandLine.Length > MaxCommandLine)
        {
            throw new KernelImageException(request.KernelPath, $"can't take a command line of {commandLine.Length} bytes; {MaxCommandLine} is the most");
        }

        memory.Write(request.KernelPath, "the command line", CommandLineAddress, commandLine);
        if (isElf)
        {
            ElfImage image = new(request.KernelPath, file);
            return isMultiboot ? MultibootProtocol.Load(request, image, memory) : PvhProtocol.Load(request, image, memory);
        }

        return LinuxImage.IsLinux(file)
            ? LinuxProtocol.Load(request, new LinuxImage(request.KernelPath, file), commandLine.Length - 1, memory)
            : throw new KernelImageException(request.KernelPath, "is neither a Linux bzImage nor an ELF vmlinux");
    }

    /// <summary>Puts the initial RAM disk as high as it may be, out of the kernel's way.</summary>
    /// <returns>Its address and length; zero when there is none.</returns>
    internal static (ulong Address, ulong Length) LoadInitrd(BootRequest request, BootMemory memory, ulong highest, ulong kernelEnd)
    {
        if (request.InitrdPath is null)
        {
            return (0, 0);
        }

        byte[] initrd = ReadFile(request.InitrdPath);
        ulong end = Math.Min(memory.LowRamEnd, highest);
        if (end < (ulong)initrd.Length + kernelEnd)
        {
            throw new KernelImageException(request.InitrdPath, $"has {initrd.Length >> 20} MiB, which don't fit beside the kernel: give the guest more with --memory");
        }

        ulong address = (end - (ulong)initrd.Length) & ~(PageSize - 1);
        memory.Write(request.InitrdPath, "the initial RAM disk", address, initrd);
        return (address, (ulong)initrd.Length);
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new KernelImageException(path, $"can't be read: {error.Message}");
        }
    }
}
