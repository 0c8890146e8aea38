using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Platform.Tests.Memory;

public sealed class RemoteMemoryTests : IDisposable
{
    private readonly HostMemory _ram = new("ram", 0x1000);
    private readonly AddressSpace _space = new("memory");
    private readonly Peer _peer = new();
    private readonly GuestMemory _memory;

    public RemoteMemoryTests()
    {
        _space.MapMemory("RAM", 0, _ram, 0, 0x1000);
        _space.MapRemote("peer", 0x1000, 0x1000, _peer);
        _space.MapRemote("ROM", 0x2000, 0x1000, _peer, readOnly: true);
        _memory = new GuestMemory(_space);
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void Copies_CrossFromOneToTheOther()
    {
        byte[] bytes = [.. Enumerable.Range(1, 64).Select(i => (byte)i)];
        Assert.True(_memory.TryWrite(0xFE0, bytes));
        Assert.Equal(bytes[32..], _peer.Bytes[..32]);
        byte[] back = new byte[64];
        Assert.True(_memory.TryRead(0xFE0, back));
        Assert.Equal(bytes, back);
    }

    [Fact]
    public void Remote_HasNoPlaceInThisProcess()
    {
        HostSegment[] segments = new HostSegment[4];
        int count = 0;
        Assert.False(_memory.TryMap(0x1000, 16, DmaDirection.ToDevice, segments, ref count));
        Assert.False(_memory.TryGetSpan(0x1000, 16, DmaDirection.ToDevice, out _));
        Assert.True(_memory.MustCopy(0xFF0, 32, DmaDirection.ToDevice));
        Assert.False(_memory.MustCopy(0xF00, 32, DmaDirection.ToDevice));
    }

    [Fact]
    public void Refusals_AreFailures()
    {
        Assert.False(_memory.TryWrite(0x2000, [1]));
        Assert.False(_memory.MustCopy(0x1FF0, 32, DmaDirection.FromDevice));
        Assert.False(_memory.TryRead(0x2FF8, new byte[16]));
        Assert.False(_memory.MustCopy(0x2FF8, 16, DmaDirection.ToDevice));
        _peer.Refuses = true;
        Assert.False(_memory.TryRead(0x1000, new byte[1]));
        Assert.False(_memory.TryWrite(0xFFF, [1, 2]));
    }

    private sealed class Peer : IRemoteMemory
    {
        internal byte[] Bytes { get; } = new byte[0x2000];

        internal bool Refuses { get; set; }

        public bool TryRead(ulong address, Span<byte> destination)
        {
            Bytes.AsSpan((int)address - 0x1000, destination.Length).CopyTo(destination);
            return !Refuses;
        }

        public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
        {
            source.CopyTo(Bytes.AsSpan((int)address - 0x1000));
            return !Refuses;
        }
    }
}
