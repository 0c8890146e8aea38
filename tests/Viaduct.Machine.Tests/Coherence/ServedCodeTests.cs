using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Engines.Software;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Machine.Tests.Coherence;

/// <summary>A program whose code a served device writes again and again, over its own mapping of the memory: what runs is always what was written last.</summary>
public sealed unsafe class ServedCodeTests : IAccessHandler, IDisposable
{
    private const ulong Length = 2 << 20;
    private const ulong Code = 0x10000;
    private const ulong Function = 0x18100;
    private const ulong Result = 0x20000;
    private const ulong Tables = 0x1000;
    private const ulong Gdt = 0x5000;
    private const byte DonePort = 0x80;
    private const int Rounds = 60;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-coherence-");
    private readonly AddressSpace _space = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly HostMemory _ram = new("ram", Length);
    private readonly PciFunction _function;
    private readonly VfioUserServer _server;
    private readonly IAssignedDevice _device;
    private readonly HostSegment[] _segments = new HostSegment[2];
    private IVirtualCpu? _cpu;
    private int _round;

    public ServedCodeTests()
    {
        string path = Path.Combine(_folder.FullName, "device.sock");
        ServedMemory memory = new();
        DeviceCounters counters = new("device", Road.Assigned);
        _function = new PciFunction("device", new PciIdentity(0x1234, 0x11, 1, 0x010802, 0x1234, 0x22), memory.NewTarget(counters), counters);
        _ = _function.AddBar(0, PciBarKind.Memory64, 0x1000);
        _function.AddExpress();
        _server = new VfioUserServer(path, _function, memory, new EventLog(TextWriter.Null));
        _device = new VfioUserSource(path, "test").Open();
        Assert.True(_device.TryMapDma(0, _ram, 0, Length, writable: true));
        Assert.True(_device.TryWrite(AssignedRegion.Config, 4, [6, 0]));
        _ = _space.MapMemory("RAM", 0, _ram, 0, Length);
        _ = _ports.Map("ports", DonePort, 2, this);
        LayOut();
    }

    public void Dispose()
    {
        _device.Dispose();
        _server.Dispose();
        _ram.Dispose();
        _folder.Delete(recursive: true);
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (offset == 0)
        {
            _cpu!.Stop();
        }
        else
        {
            WriteFunction(++_round);
        }

        return AccessStatus.Done;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CodeThatAServedDeviceWrites_RunsAfterItsCompletion(bool translates)
    {
        WriteFunction(0);
        SoftwareEngineOptions options = new() { Translates = translates && SoftwareEngineOptions.CanTranslate, TranslateAfter = 4 };
        using SoftwareEngine engine = new(_space, _ports, 1, options);
        _cpu = engine.Cpus[0];
        _cpu.Boot(new CpuBootState { Mode = CpuMode.Long64, Rip = Code, Rsp = 0x30000, PageTable = Tables, GdtBase = Gdt, GdtLimit = 31 });
        Assert.True(_cpu.Run() == CpuExit.Stopped, _cpu.Describe());
        uint* results = (uint*)(_ram.Pointer + Result);
        for (int left = Rounds; left > 0; left--)
        {
            Assert.Equal((uint)(Rounds + 1 - left), results[left]);
        }
    }

    // MOV EAX, value; RET; in turns as a copy and as the kernel would have written it.
    private void WriteFunction(int value)
    {
        ReadOnlySpan<byte> code = [0xB8, (byte)value, (byte)(value >> 8), 0, 0, 0xC3];
        if ((value & 1) == 0)
        {
            Assert.True(_function.Dma.TryWrite(Function, code));
            return;
        }

        int count = 0;
        Assert.True(_function.Dma.TryMap(Function, (ulong)code.Length, DmaDirection.FromDevice, _segments, ref count));
        code.CopyTo(_segments[0].Span);
        _function.Dma.NoteWritten(Function, (ulong)code.Length);
    }

    private void LayOut()
    {
        ulong* tables = (ulong*)(_ram.Pointer + Tables);
        tables[0] = (Tables + 0x1000) | 3;
        tables[512] = (Tables + 0x2000) | 3;
        tables[1024] = 0x83;
        ulong* gdt = (ulong*)(_ram.Pointer + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;
        ReadOnlySpan<byte> program =
        [
            0xBE, Rounds, 0, 0, 0, // MOV ESI, Rounds
            0xBB, 0x00, 0x81, 0x01, 0x00, // MOV EBX, Function
            0xB9, 40, 0, 0, 0, // 10: MOV ECX, 40
            0xFF, 0xD3, // 15: CALL RBX
            0xFF, 0xC9, // DEC ECX
            0x75, 0xFA, // JNZ 15
            0xE6, DonePort + 1, // OUT: the device writes
            0xFF, 0xD3, // CALL RBX
            0x89, 0x04, 0xB5, 0x00, 0x00, 0x02, 0x00, // MOV [RSI * 4 + Result], EAX
            0xFF, 0xCE, // DEC ESI
            0x75, 0xE4, // JNZ 10
            0xE6, DonePort,
            0xF4,
        ];
        program.CopyTo(new Span<byte>(_ram.Pointer + Code, program.Length));
    }
}
