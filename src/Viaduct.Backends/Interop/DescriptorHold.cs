namespace Viaduct.Backends.Interop;

/// <summary>A worker's hold on a descriptor that its owner may exchange or dispose at any time: the number stays the worker's until it moves on. One thread.</summary>
internal sealed class DescriptorHold : IDisposable
{
    private OwnedDescriptor? _held;

    /// <summary>Whether one is held.</summary>
    internal bool IsHeld => _held is not null;

    /// <summary>Its number, while one is held.</summary>
    internal int Number => _held!.Number;

    /// <summary>What is held.</summary>
    internal OwnedDescriptor? Current => _held;

    /// <summary>Goes over to the descriptor that the owner has now. True when it is another, or none.</summary>
    internal bool Follow(OwnedDescriptor? now)
    {
        if (now == _held)
        {
            return false;
        }

        Dispose();
        bool added = false;
        try
        {
            now?.DangerousAddRef(ref added);
        }
        catch (ObjectDisposedException)
        {
            // Gone again already: the owner wakes us for what comes next.
        }

        _held = added ? now : null;
        return true;
    }

    public void Dispose()
    {
        _held?.DangerousRelease();
        _held = null;
    }
}
