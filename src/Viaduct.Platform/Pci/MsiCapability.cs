using System.Buffers.Binary;
using System.Numerics;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>
/// Message-signalled interrupts of up to 32 vectors, 64-bit addresses and a mask for each vector (PCI Express Base
/// 5.0, 7.7.1). A vector that is raised while masked is sent when the mask is lifted.
/// </summary>
public sealed class MsiCapability : IMessageVectors, IConfigRegisters, IConfigReadObserver
{
    private const byte Id = 0x05;
    private const int Length = 0x18;
    private const int Control = 0x02;
    private const int AddressLow = 0x04;
    private const int AddressHigh = 0x08;
    private const int Data = 0x0C;
    private const int Mask = 0x10;
    private const int Pending = 0x14;
    private const uint ControlEnable = 1;

    private readonly Lock _lock = new();
    private readonly PciFunction _function;
    private uint _control;
    private ulong _address;
    private uint _data;
    private uint _mask;
    private uint _pending;
    private VectorRoutes?[] _routes = [];

    internal MsiCapability(PciFunction function, int vectors)
    {
        if (vectors is < 1 or > 32 || !BitOperations.IsPow2(vectors))
        {
            throw new ArgumentOutOfRangeException(nameof(vectors), vectors, "MSI has 1, 2, 4, 8, 16 or 32 vectors");
        }

        _function = function;
        Count = vectors;
        uint valid = uint.MaxValue >> (32 - vectors);
        Span<byte> registers = stackalloc byte[Length];
        Span<byte> writable = stackalloc byte[Length];

        // 64-bit address (7), masks (8), how many vectors (3:1); written: enable (0) and how many are enabled (6:4).
        BinaryPrimitives.WriteUInt16LittleEndian(registers[Control..], (ushort)(0x180 | (BitOperations.Log2((uint)vectors) << 1)));
        BinaryPrimitives.WriteUInt16LittleEndian(writable[Control..], 0x71);
        BinaryPrimitives.WriteUInt32LittleEndian(writable[AddressLow..], ~3u);
        BinaryPrimitives.WriteUInt32LittleEndian(writable[AddressHigh..], ~0u);
        BinaryPrimitives.WriteUInt16LittleEndian(writable[Data..], 0xFFFF);
        BinaryPrimitives.WriteUInt32LittleEndian(writable[Mask..], valid);
        Offset = function.AddCapability(Id, registers[2..], writable[2..], this);
        function.Watch(Offset, Length, this);
        function.Dma.Changed += FollowRoutes;
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    /// <summary>Whether the guest chose these interrupts; while it didn't, a raised vector is lost and INTx serves.</summary>
    public bool Enabled => (Volatile.Read(ref _control) & ControlEnable) != 0;

    /// <summary>How many vectors the guest enabled; those above share with the lower ones.</summary>
    public int EnabledCount => Math.Min(Count, 1 << (int)((Volatile.Read(ref _control) >> 4) & 7));

    /// <inheritdoc/>
    public void Signal(int vector)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)vector, (uint)Count, nameof(vector));
        if (_function.InterruptHost is { } host)
        {
            host.Signal(vector);
            return;
        }

        lock (_lock)
        {
            if (!Enabled)
            {
                return;
            }

            int message = vector & (EnabledCount - 1);
            if ((_mask & (1u << message)) != 0)
            {
                SetPending(_pending | (1u << message));
                return;
            }

            Send(message);
        }
    }

    /// <inheritdoc/>
    public void Attach(int vector, IMessageEvent route)
    {
        lock (_lock)
        {
            if (_routes.Length == 0)
            {
                _routes = new VectorRoutes?[Count];
            }

            VectorRoutes routes = _routes[vector] ??= new VectorRoutes();
            FollowUnderLock();
            routes.Add(route);
        }
    }

    /// <inheritdoc/>
    public void Detach(int vector, IMessageEvent route)
    {
        lock (_lock)
        {
            _routes[vector]?.Remove(route);
        }
    }

    void IConfigReadObserver.OnConfigReading(int offset, int size)
    {
        if (offset + size > Pending)
        {
            lock (_lock)
            {
                ShowPending();
            }
        }
    }

    void IConfigWriteObserver.OnConfigWritten(int offset, int size)
    {
        // What follows from a write is done under the topology's lock already.
    }

    ConfigEffects IConfigRegisters.Written()
    {
        ConfigSpace config = _function.Config;
        lock (_lock)
        {
            Volatile.Write(ref _control, config.Read(Offset + Control, 2));
            _address = config.Read(Offset + AddressLow, 4) | ((ulong)config.Read(Offset + AddressHigh, 4) << 32);
            _data = config.Read(Offset + Data, 2);
            _mask = config.Read(Offset + Mask, 4);
            uint due = Enabled ? _pending & ~_mask : 0;
            SetPending(_pending & ~due);
            for (; due != 0; due &= due - 1)
            {
                Send(BitOperations.TrailingZeroCount(due));
            }

            FollowUnderLock();
        }

        return ConfigEffects.Interrupts;
    }

    void IConfigRegisters.Reset()
    {
        lock (_lock)
        {
            Volatile.Write(ref _control, 0);
            (_address, _data, _mask, _pending) = (0, 0, 0, 0);
            FollowUnderLock();
        }
    }

    private void SetPending(uint pending)
    {
        if (pending != _pending)
        {
            _pending = pending;
            ShowPending();
        }
    }

    // The dword of the pending bits holds nothing the guest writes, so this needs the capability's lock only.
    private void ShowPending()
    {
        uint pending = _pending;
        for (int vector = 0; vector < _routes.Length; vector++)
        {
            if (_routes[vector] is { IsRaised: true })
            {
                pending |= 1u << (vector & (EnabledCount - 1));
            }
        }

        _function.Config.Set(Offset + Pending, 4, pending);
    }

    private void FollowRoutes()
    {
        lock (_lock)
        {
            FollowUnderLock();
        }
    }

    private void FollowUnderLock()
    {
        for (int vector = 0; vector < _routes.Length; vector++)
        {
            int message = vector & (EnabledCount - 1);
            _routes[vector]?.Follow(_function.Dma, Enabled, (_mask & (1u << message)) != 0, _address, DataOf(message));
        }
    }

    private void Send(int message) => _function.Dma.SignalMsi(_address, DataOf(message));

    private uint DataOf(int message) => (_data & ~(uint)(EnabledCount - 1)) | (uint)message;
}
