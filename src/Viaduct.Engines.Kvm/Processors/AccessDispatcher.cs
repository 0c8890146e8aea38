using System.Numerics;
using System.Runtime.CompilerServices;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Engines.Kvm.Memory;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Engines.Kvm.Processors;

/// <summary>Carries out a processor's accesses that came out of KVM_RUN, at what the address spaces show.</summary>
/// <param name="memory">Guest physical memory.</param>
/// <param name="ports">I/O ports.</param>
/// <param name="slots">What of memory KVM reaches without them.</param>
internal sealed unsafe class AccessDispatcher(AddressSpace memory, AddressSpace ports, MemorySlots slots)
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

    // What no device answers may be memory that is in no slot.
    private ulong Read(ulong address, int size)
    {
        if (memory.Read(address, size, out ulong value) == AccessStatus.NoResponse)
        {
            ulong bytes = 0;
            value = slots.TryCopy(address, new Span<byte>(&bytes, size), writes: false) ? bytes : value;
        }

        return value;
    }

    private void Write(ulong address, int size, ulong value)
    {
        if (memory.Write(address, size, value) == AccessStatus.NoResponse)
        {
            _ = slots.TryCopy(address, new Span<byte>(&value, size), writes: true);
        }
    }

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
