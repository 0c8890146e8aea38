using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

/// <summary>A subsystem and drivers of its controllers: the physical function's, and those of virtual functions as a test makes them.</summary>
internal sealed class SubsystemHosts : IDisposable
{
    private readonly List<NvmeHost> _hosts = [];

    public SubsystemHosts(NvmeSubsystemOptions options)
    {
        Subsystem = new NvmeSubsystem(options);
        Primary = Add(0);
        Primary.Enable();
    }

    public NvmeSubsystem Subsystem { get; }

    public NvmeHost Primary { get; }

    /// <summary>Two virtual functions with a private namespace each beside the physical one's, 1 MiB all.</summary>
    public static SubsystemHosts Private(out MemoryDisk disk, bool online = true)
    {
        disk = new MemoryDisk(4 << 20);
        return new SubsystemHosts(Options(NvmeNamespaceOptions.Divide(disk, 3), online));
    }

    /// <summary>Two virtual functions that share a namespace of 1 MiB with the physical one.</summary>
    public static SubsystemHosts Shared(out MemoryDisk disk)
    {
        disk = new MemoryDisk(1 << 20);
        return new SubsystemHosts(Options([NvmeNamespaceOptions.Share(disk, 3)], online: true));
    }

    public static NvmeSubsystemOptions Options(IReadOnlyList<NvmeNamespaceOptions> namespaces, bool online, int virtualFunctions = 2) => new()
    {
        Id = "sub0",
        Namespaces = namespaces,
        VirtualFunctions = virtualFunctions,
        AutoOnline = online,
        QueuesPerVirtualFunction = 2,
        Time = new ManualTime(),
    };

    /// <summary>Plugs a controller in.</summary>
    public NvmeHost Add(int controller)
    {
        NvmeHost host = new(Subsystem, controller);
        foreach (NvmeHost other in _hosts)
        {
            other.Neighbours.Add(host);
            host.Neighbours.Add(other);
        }

        _hosts.Add(host);
        return host;
    }

    /// <summary>Plugs a controller in, enables it and gives it a pair of I/O queues.</summary>
    public NvmeHost AddReady(int controller, out HostRing io)
    {
        NvmeHost host = Add(controller);
        host.Enable();
        io = host.CreateQueues(1);
        return host;
    }

    /// <summary>Unplugs one.</summary>
    public void Remove(NvmeHost host)
    {
        _hosts.Remove(host);
        foreach (NvmeHost other in _hosts)
        {
            other.Neighbours.Remove(host);
        }

        host.Dispose();
    }

    public Completion Virtualize(int controller, uint action, uint resource = 0, uint count = 0)
    {
        Command command = new(AdminOpcode.VirtualizationManagement);
        command[10] = action | (resource << 8) | ((uint)controller << 16);
        command[11] = count;
        return Primary.Execute(Primary.Admin, command);
    }

    /// <summary>Namespace Attachment.</summary>
    public Completion Attach(uint id, bool attach, params ushort[] controllers)
    {
        ulong list = Primary.Allocate(4096);
        byte[] bytes = new byte[4096];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)controllers.Length);
        for (int i = 0; i < controllers.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 + (i * 2)), controllers[i]);
        }

        Primary.Put(list, bytes);
        Command command = new(AdminOpcode.NamespaceAttachment, id) { Data1 = list };
        command[10] = attach ? 0u : 1;
        return Primary.Execute(Primary.Admin, command);
    }

    public Command CreateCommand(ulong blocks, ulong? capacity = null, byte format = 0, bool shared = false)
    {
        ulong data = Primary.Allocate(4096);
        byte[] bytes = new byte[4096];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, blocks);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), capacity ?? blocks);
        bytes[26] = format;
        bytes[30] = shared ? (byte)1 : (byte)0;
        Primary.Put(data, bytes);
        return new Command(AdminOpcode.NamespaceManagement) { Data1 = data };
    }

    public Completion Create(ulong blocks, ulong? capacity = null, byte format = 0, bool shared = false) =>
        Primary.Execute(Primary.Admin, CreateCommand(blocks, capacity, format, shared));

    public Completion Delete(uint id)
    {
        Command command = new(AdminOpcode.NamespaceManagement, id);
        command[10] = 1;
        return Primary.Execute(Primary.Admin, command);
    }

    /// <summary>The identifiers in a list that Identify gives.</summary>
    public static uint[] Ids(NvmeHost host, uint structure) =>
        [.. Enumerable.Range(0, 1024).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(host.Identify(structure).AsSpan(i * 4, 4))).TakeWhile(id => id != 0)];

    public static Completion Write(NvmeHost host, HostRing io, uint id, ulong block, byte fill)
    {
        ulong buffer = host.Allocate(512);
        byte[] bytes = new byte[512];
        bytes.AsSpan().Fill(fill);
        host.Put(buffer, bytes);
        return host.Execute(io, new Command(IoOpcode.Write, id) { Data1 = buffer }.WithBlocks(block, 1));
    }

    public static Completion Read(NvmeHost host, HostRing io, uint id, ulong block) =>
        host.Execute(io, new Command(IoOpcode.Read, id) { Data1 = host.Allocate(512) }.WithBlocks(block, 1));

    public static void SetHost(NvmeHost host, ulong id)
    {
        ulong buffer = host.Allocate(4096);
        host.Put(buffer, id);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x81, 0, buffer)));
    }

    public void Dispose()
    {
        foreach (NvmeHost host in _hosts)
        {
            host.Dispose();
        }

        Assert.All(Subsystem.Controllers, controller => Assert.False(controller.Present));
    }
}
