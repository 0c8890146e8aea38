using System.Buffers.Binary;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>
/// MSI-X (PCI Express Base 5.0, 7.7.2): a table of up to 2048 vectors in a BAR, each with its own message and mask. A
/// vector that is raised while it or the function is masked is sent when the masks are lifted.
/// </summary>
public sealed class MsixCapability : IMessageVectors, IConfigRegisters
{
    private const byte Id = 0x11;
    private const int Length = 0x0C;
    private const int Control = 0x02;
    private const int Table = 0x04;
    private const int PendingBits = 0x08;
    private const uint ControlEnable = 1u << 15;
    private const uint ControlFunctionMask = 1u << 14;

    private readonly PciFunction _function;
    private readonly MsixEntry[] _entries;
    private uint _control;

    internal MsixCapability(PciFunction function, int vectors, PciBar tableBar, ulong tableOffset, PciBar pendingBar, ulong pendingOffset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vectors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors, 2048);
        ArgumentOutOfRangeException.ThrowIfNotEqual(tableOffset & 7, 0UL, nameof(tableOffset));
        ArgumentOutOfRangeException.ThrowIfNotEqual(pendingOffset & 7, 0UL, nameof(pendingOffset));
        _function = function;
        _entries = new MsixEntry[vectors];
        for (int i = 0; i < vectors; i++)
        {
            _entries[i] = new MsixEntry();
        }

        Span<byte> registers = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt16LittleEndian(registers[Control..], (ushort)(vectors - 1));
        BinaryPrimitives.WriteUInt32LittleEndian(registers[Table..], checked((uint)tableOffset) | (uint)tableBar.Index);
        BinaryPrimitives.WriteUInt32LittleEndian(registers[PendingBits..], checked((uint)pendingOffset) | (uint)pendingBar.Index);
        Offset = function.AddCapability(Id, registers[2..], [0, (byte)((ControlEnable | ControlFunctionMask) >> 8)]);
        function.Watch(Offset, Length, this);
        function.Dma.Changed += Release;
        tableBar.Map(tableOffset, (ulong)vectors * 16, new MsixTable(this));
        pendingBar.Map(pendingOffset, ((ulong)vectors + 63) / 64 * 8, new MsixPendingBits(this));
    }

    /// <summary>Raised after a table write that lifted a vector's mask, before the write is answered, on its thread; no lock is held.</summary>
    public event Action<int>? VectorUnmasked;

    /// <inheritdoc/>
    public int Count => _entries.Length;

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    /// <summary>Whether the guest chose these interrupts; while it didn't, a raised vector is lost and INTx serves.</summary>
    public bool Enabled => (Volatile.Read(ref _control) & ControlEnable) != 0;

    /// <summary>Whether the guest masked all vectors at once.</summary>
    public bool FunctionMasked => (Volatile.Read(ref _control) & ControlFunctionMask) != 0;

    /// <summary>Whether the guest masked a vector.</summary>
    public bool IsMasked(int vector) => _entries[vector].IsMasked;

    /// <inheritdoc/>
    public void Signal(int vector)
    {
        if (_function.InterruptHost is { } host)
        {
            host.Signal(vector);
        }
        else
        {
            _entries[vector].Signal(_function.Dma, this);
        }
    }

    /// <inheritdoc/>
    public void Attach(int vector, IMessageEvent route) => _entries[vector].Attach(route, _function.Dma, this);

    /// <inheritdoc/>
    public void Detach(int vector, IMessageEvent route) => _entries[vector].Detach(route);

    ConfigEffects IConfigRegisters.Written()
    {
        Volatile.Write(ref _control, _function.Config.Read(Offset + Control, 2));
        Release();
        return ConfigEffects.Interrupts;
    }

    void IConfigRegisters.Reset()
    {
        Volatile.Write(ref _control, 0);
        foreach (MsixEntry entry in _entries)
        {
            entry.Reset(_function.Dma, this);
        }
    }

    internal MsixEntry Entry(int vector) => _entries[vector];

    internal void WriteEntry(int vector, int register, uint value)
    {
        if (_entries[vector].Write(register, value, _function.Dma, this))
        {
            VectorUnmasked?.Invoke(vector);
        }
    }

    private void Release()
    {
        foreach (MsixEntry entry in _entries)
        {
            // Also when nothing is due: past an entry's lock, no vector is on its way that saw the old control.
            entry.Release(_function.Dma, this);
        }
    }
}
