using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>
/// A local APIC's vectors, requested and in service, and which of them the processor should take now (Intel SDM vol. 3A,
/// 11.8.3 and 11.8.4). Requests may come from any thread; all else belongs to the processor's.
/// </summary>
internal sealed class VectorPriorities
{
    private volatile uint _processorPriority;
    private uint _taskPriority;
    private int _stale;
    private int _pending = -1;

    /// <summary>IRR.</summary>
    internal VectorSet Requests { get; } = new();

    /// <summary>ISR.</summary>
    internal VectorSet InService { get; } = new();

    /// <summary>TMR.</summary>
    internal VectorSet LevelTriggered { get; } = new();

    /// <summary>The vector to take, -1 when none.</summary>
    internal int Pending => Volatile.Read(ref _stale) == 0 ? _pending : Refresh();

    /// <summary>PPR. Any thread.</summary>
    internal uint ProcessorPriority => _processorPriority;

    /// <summary>TPR.</summary>
    internal uint TaskPriority
    {
        get => _taskPriority;
        set
        {
            _taskPriority = value;
            _ = Refresh();
        }
    }

    internal void Clear()
    {
        Requests.Clear();
        InService.Clear();
        LevelTriggered.Clear();
        TaskPriority = 0;
    }

    internal void Save(StateWriter writer)
    {
        Requests.Save(writer);
        InService.Save(writer);
        LevelTriggered.Save(writer);
        writer.UInt32(_taskPriority);
    }

    internal void Restore(StateReader reader)
    {
        Requests.Restore(reader);
        InService.Restore(reader);
        LevelTriggered.Restore(reader);
        TaskPriority = reader.UInt32() & 0xFF;
    }

    /// <summary>Notes a request. Any thread.</summary>
    /// <returns>Whether it is news.</returns>
    internal bool Request(int vector, bool level)
    {
        if (level)
        {
            _ = LevelTriggered.Add(vector);
        }
        else
        {
            LevelTriggered.Remove(vector);
        }

        if (!Requests.Add(vector))
        {
            return false;
        }

        Interlocked.Exchange(ref _stale, 1);
        return true;
    }

    /// <summary>Takes the pending vector from requested to in service. -1 when there is none.</summary>
    internal int Acknowledge()
    {
        int vector = Pending;
        if (vector >= 0)
        {
            Requests.Remove(vector);
            _ = InService.Add(vector);
            _ = Refresh();
        }

        return vector;
    }

    /// <summary>Ends the highest vector in service.</summary>
    /// <param name="vector">Which that was; -1 when none is.</param>
    /// <param name="level">Whether it was level-triggered.</param>
    internal bool TryEnd(out int vector, out bool level)
    {
        vector = InService.Highest();
        level = vector >= 0 && LevelTriggered.Contains(vector);
        if (vector < 0)
        {
            return false;
        }

        InService.Remove(vector);
        _ = Refresh();
        return true;
    }

    /// <summary>Works out the processor priority (11.8.3.1) and the pending vector anew.</summary>
    private int Refresh()
    {
        // Before the requests are read: one that arrives meanwhile is seen now or marks the answer stale again.
        Interlocked.Exchange(ref _stale, 0);
        int served = InService.Highest();
        uint servedClass = served < 0 ? 0 : (uint)served & 0xF0;
        uint priority = (_taskPriority & 0xF0) >= servedClass ? _taskPriority : servedClass;
        _processorPriority = priority;
        int requested = Requests.Highest();
        _pending = requested >= 0 && ((uint)requested & 0xF0) > (priority & 0xF0) ? requested : -1;
        return _pending;
    }
}
