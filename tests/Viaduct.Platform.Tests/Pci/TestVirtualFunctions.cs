using System.Collections.Concurrent;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>A physical function with one BAR and as many virtual functions as asked for, each with registers that tell its index.</summary>
public sealed class TestVirtualFunctions : IVirtualFunctionSource
{
    public const ushort VfDeviceId = 0x0B1C;
    public const int Control = 8;
    public const int NumVfs = 0x10;
    public const uint Enable = 1;
    public const uint MemoryEnable = 8;
    public const uint Ari = 16;

    private readonly DmaTarget? _alone;

    public TestVirtualFunctions(PciRoot root, int total, SriovOptions? options = null)
        : this(root.NewDmaTarget(new DeviceCounters("pf", Road.Shared)), total, options)
    {
    }

    public TestVirtualFunctions(DmaTarget dma, int total, SriovOptions? options = null)
    {
        _alone = dma;
        Function = new PciFunction("pf", new PciIdentity(0x1B36, 0x0010, 2, 0x010802, 0x1AF4, 0x1100), dma, _alone.Counters);
        Function.AddBar(0, PciBarKind.Memory32, 0x4000).Map(0, 0x4000, new NamedRegisters(0x5000_0000));
        Express = Function.AddExpress();
        Power = Function.AddPowerManagement();
        Function.AddErrorReporting();
        Ari0 = Function.AddAri();
        Sriov = Function.AddSriov(options ?? new SriovOptions { TotalVfs = total, VfDeviceId = VfDeviceId }, this);
        Sriov.AddVfBar(0, PciBarKind.Memory64, 0x4000);
        Function.Reset += () => LiveAtReset = Live.Count;
    }

    public PciFunction Function { get; }

    public SriovCapability Sriov { get; }

    public PciExpressCapability Express { get; }

    public PowerManagementCapability Power { get; }

    public AriCapability Ari0 { get; }

    public ConcurrentDictionary<int, PciFunction> Live { get; } = [];

    public ConcurrentDictionary<PciFunction, MsixCapability> Vectors { get; } = [];

    public int Created { get; private set; }

    public int Removed { get; private set; }

    public int? LiveAtReset { get; private set; }

    /// <summary>Whether a function that was removed was out of reach and reset before.</summary>
    public bool RemovedCleanly { get; private set; } = true;

    public Func<int, bool> CanCreate { get; set; } = _ => true;

    public Dictionary<int, int> Resets { get; } = [];

    public PciFunction? Create(int index, DmaTarget dma, VirtualFunctionForm form)
    {
        if (!CanCreate(index))
        {
            return null;
        }

        PciFunction function = Sriov.NewFunction(index, dma, form);
        PciBar bar = function.AddBar(0, PciBarKind.Memory64, 0x4000);
        bar.Map(0, 0x2000, new NamedRegisters(0x7000_0000 + ((ulong)index << 16)));
        function.AddExpress();
        function.AddPowerManagement();
        Vectors[function] = function.AddMsix(4, bar, 0x2000, bar, 0x3000);
        function.AddAri();
        function.AddErrorReporting();
        function.IntX.Set(true);
        function.Reset += () => CountReset(index);
        RemovedCleanly &= Live.TryAdd(index, function);
        Created++;
        lock (Resets)
        {
            Resets[index] = 0;
        }

        return function;
    }

    public void Remove(int index, PciFunction function)
    {
        RemovedCleanly &= Live.TryRemove(new KeyValuePair<int, PciFunction>(index, function));
        RemovedCleanly &= !function.Dma.Granted && !Sriov.Functions.Contains(function) && Resets[index] > 0;
        Vectors.TryRemove(function, out _);
        Removed++;
    }

    /// <summary>What Linux does when a number is written to sriov_numvfs.</summary>
    public void WriteEnable(int count, bool ari = false)
    {
        uint hierarchy = ari ? Ari : 0;
        Function.WriteConfig(Sriov.Offset + Control, 2, hierarchy);
        Function.WriteConfig(Sriov.Offset + NumVfs, 2, (uint)count);
        Function.WriteConfig(Sriov.Offset + Control, 2, Enable | MemoryEnable | hierarchy);
    }

    public void WriteDisable() => Function.WriteConfig(Sriov.Offset + Control, 2, 0);

    public void SetVfBar(ulong address)
    {
        Function.WriteConfig(Sriov.Offset + 0x24, 4, (uint)address);
        Function.WriteConfig(Sriov.Offset + 0x28, 4, (uint)(address >> 32));
    }

    private void CountReset(int index)
    {
        lock (Resets)
        {
            Resets[index]++;
        }
    }
}
