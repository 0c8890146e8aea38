using System.Text;
using Viaduct.Machine.Boot;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>64 MiB of guest memory, and files to boot from.</summary>
internal sealed class BootRig : IDisposable
{
    internal const ulong Memory = 64 << 20;
    internal const ulong Rsdp = 0xE_0000;

    private readonly HostMemory _ram = new("boot-test", Memory);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-boot-");

    internal BootRig()
    {
        AddressSpace space = new("memory");
        space.MapMemory("RAM", 0, _ram, 0, Memory);
        Guest = new GuestMemory(space);
    }

    internal static IReadOnlyList<MemoryRange> Map { get; } =
    [
        new(0, 0x9_FC00, MemoryRangeKind.Ram),
        new(0xE_0000, 0x2000, MemoryRangeKind.AcpiReclaimable),
        new(0x10_0000, Memory - 0x10_0000, MemoryRangeKind.Ram),
        new(0xE000_0000, 0x1000_0000, MemoryRangeKind.Reserved),
    ];

    internal GuestMemory Guest { get; }

    internal string Folder => _folder.FullName;

    internal string KernelPath => Path.Combine(Folder, "kernel");

    internal string InitrdPath => Path.Combine(Folder, "initrd");

    internal CpuBootState Load(byte[] kernel, string commandLine = "console=ttyS0", byte[]? initrd = null)
    {
        File.WriteAllBytes(KernelPath, kernel);
        if (initrd is not null)
        {
            File.WriteAllBytes(InitrdPath, initrd);
        }

        BootRequest request = new()
        {
            KernelPath = KernelPath,
            InitrdPath = initrd is null ? null : InitrdPath,
            CommandLine = commandLine,
            MemoryMap = Map,
            Rsdp = Rsdp,
        };
        return KernelLoader.Load(request, new BootMemory(Guest, Memory));
    }

    internal byte[] Read(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        return Guest.TryRead(address, bytes) ? bytes : throw new InvalidOperationException($"no memory at {address:x}");
    }

    internal T Read<T>(ulong address)
        where T : unmanaged => Guest.TryRead(address, out T value) ? value : throw new InvalidOperationException($"no memory at {address:x}");

    internal string ReadText(ulong address)
    {
        byte[] bytes = Read(address, 4096);
        return Encoding.UTF8.GetString(bytes.AsSpan(0, bytes.IndexOf((byte)0)));
    }

    public void Dispose()
    {
        _ram.Dispose();
        _folder.Delete(recursive: true);
    }
}
