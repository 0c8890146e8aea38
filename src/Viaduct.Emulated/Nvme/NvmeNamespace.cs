using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme;

/// <summary>A namespace as one controller has it: with its queue to the disk and the size that its host knows. Worker only, but for the note that the disk changed its size.</summary>
internal sealed class NvmeNamespace : IDisposable
{
    private readonly Action _wake;
    private readonly int _controller;
    private volatile bool _lengthChanged;

    internal NvmeNamespace(SubsystemNamespace core, int controller, IBlockQueue queue, Action wake)
    {
        Core = core;
        Queue = queue;
        _controller = controller;
        _wake = wake;
        Length = core.Length;
        if (core.FollowsDisk)
        {
            core.Disk.LengthChanged += OnLengthChanged;
        }
    }

    /// <summary>What all controllers have of it.</summary>
    internal SubsystemNamespace Core { get; }

    internal uint Id => Core.Id;

    internal IBlockBackend Disk => Core.Disk;

    internal IBlockQueue Queue { get; }

    /// <summary>Whether it is attached to this controller, as of now.</summary>
    internal bool IsAttached => Core.IsAttached(_controller);

    /// <summary>log2 of the logical block now.</summary>
    internal int BlockShift => Core.BlockShift;

    /// <summary>Bytes, as the host was told last.</summary>
    internal ulong Length { get; private set; }

    /// <summary>Logical blocks.</summary>
    internal ulong Blocks => Length >> BlockShift;

    /// <summary>Reservation notifications that the host doesn't want (feature 82h); a bit for each value of <see cref="ReservationNotice"/>.</summary>
    internal uint NotificationMask { get; set; }

    /// <summary>Whether a range of blocks is inside, whatever its numbers.</summary>
    internal bool Contains(ulong first, ulong count) => count <= Blocks && first <= Blocks - count;

    /// <summary>Takes over a new size of the disk. True when the host sees a difference.</summary>
    internal bool TryUpdateLength()
    {
        if (!_lengthChanged)
        {
            return false;
        }

        _lengthChanged = false;
        ulong before = Blocks;
        Length = Core.Length;
        return Blocks != before;
    }

    /// <summary>Lets go of it; its queue belongs to the controller.</summary>
    public void Dispose()
    {
        if (Core.FollowsDisk)
        {
            Core.Disk.LengthChanged -= OnLengthChanged;
        }
    }

    private void OnLengthChanged()
    {
        _lengthChanged = true;
        _wake();
    }
}
