using System.Numerics;
using System.Runtime.CompilerServices;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Engines.Kvm.Processors;

/// <summary>Carries out a processor's accesses that came out of KVM_RUN, at what the address spaces show.</summary>
/// <param name="memory">Guest physical memory.</param>
/// <param name="ports">I/O ports.</param>
internal sealed unsafe class AccessDispatcher(AddressSpace memory, AddressSpace ports)
{
    /// <summary>Answers IN, OUT, INS and OUTS; the last two may be many accesses at once, one after the other.</summary>
    public void Port(KvmRunPage* page)
    {
        int size = page->IoSize;
        byte* data = (byte*)page + page->IoDataOffset;
        ushort port = page->IoPort;
        bool writes = page->IoDirection != 0;
        for (uint i = page->IoCount; i != 0; i--)
        {
            if (writes)
            {
                _ = ports.Write(port, size, Load(data, size));
            }
            else
            {
                _ = ports.Read(port, size, out ulong value);
                Store(data, size, value);
            }

            data += size;
        }
    }

    /// <summary>Answers an access to what is no memory slot.</summary>
    public void Memory(KvmRunPage* page)
    {
        ulong address = page->MmioAddress;
        byte* data = (byte*)&page->MmioData;
        int left = (int)Math.Min(page->MmioLength, sizeof(ulong));
        bool writes = page->MmioIsWrite != 0;

        // What lies across a page's border comes in two pieces of any length.
        while (left != 0)
        {
            int size = BitOperations.IsPow2(left) ? left : 1 << BitOperations.TrailingZeroCount(address | 4);
            size = Math.Min(size, 1 << BitOperations.Log2((uint)left));
            if (writes)
            {
                Write(address, size, Load(data, size));
            }
            else
            {
                Store(data, size, Read(address, size));
            }

            address += (uint)size;
            data += size;
            left -= size;
        }
    }

    private ulong Read(ulong address, int size)
    {
        AccessStatus status = memory.Read(address, size, out ulong value);
        return status == AccessStatus.NoResponse && Host(address, size, write: false) is var host && host != null ? Load(host, size) : value;
    }

    private void Write(ulong address, int size, ulong value)
    {
        if (memory.Write(address, size, value) == AccessStatus.NoResponse && Host(address, size, write: true) is var host && host != null)
        {
            Store(host, size, value);
        }
    }

    // Memory that is in no slot: it is less than a page, or its slot is only just being made.
    private byte* Host(ulong address, int size, bool write) =>
        memory.Current.Find(address) is { Memory: not null } range && range.Length - (address - range.Start) >= (ulong)size && !(write && range.ReadOnly)
            ? range.Host + (address - range.Start)
            : null;

    private static ulong Load(byte* from, int size) => size switch
    {
        1 => *from,
        2 => Unsafe.ReadUnaligned<ushort>(from),
        4 => Unsafe.ReadUnaligned<uint>(from),
        _ => Unsafe.ReadUnaligned<ulong>(from),
    };

    private static void Store(byte* to, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *to = (byte)value;
                break;
            case 2:
                Unsafe.WriteUnaligned(to, (ushort)value);
                break;
            case 4:
                Unsafe.WriteUnaligned(to, (uint)value);
                break;
            default:
                Unsafe.WriteUnaligned(to, value);
                break;
        }
    }
}
