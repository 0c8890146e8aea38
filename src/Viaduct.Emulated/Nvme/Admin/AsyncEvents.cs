using Viaduct.Emulated.Nvme.Io;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>
/// Asynchronous Event Requests and the events that answer them (NVMe 1.4, 5.2). After an event of a type was reported,
/// that type is silent until the host has read its log page. Worker only.
/// </summary>
internal sealed class AsyncEvents(CommandSlots slots, CompletionPath completions)
{
    private static readonly AsyncEvent[] _all =
    [
        AsyncEvent.InvalidDoorbellRegister,
        AsyncEvent.InvalidDoorbellValue,
        AsyncEvent.TemperatureThreshold,
        AsyncEvent.NamespaceAttributeChanged,
        AsyncEvent.ReservationLogAvailable,
    ];

    private readonly int[] _requests = new int[NvmeLimits.EventRequests];
    private readonly bool[] _pending = new bool[_all.Length];
    private int _count;
    private uint _silentTypes;

    /// <summary>Takes a request; it is completed with an event, now or later.</summary>
    internal CommandOutcome Request(int index)
    {
        if (_count == _requests.Length)
        {
            return NvmeStatus.EventLimitExceeded;
        }

        _requests[_count++] = index;
        Deliver();
        return CommandOutcome.Pending;
    }

    /// <summary>Reports an event, once there is a request and its type isn't silent.</summary>
    internal void Raise(AsyncEvent what)
    {
        _pending[Array.IndexOf(_all, what)] = true;
        Deliver();
    }

    /// <summary>The host has read a log page and let go of its events: what they say is read, and their type may speak again.</summary>
    internal void LogRead(LogPageId log)
    {
        for (int i = 0; i < _all.Length; i++)
        {
            if ((LogPageId)((uint)_all[i] >> 16) == log)
            {
                _pending[i] = false;
                _silentTypes &= ~TypeBit(_all[i]);
            }
        }

        Deliver();
    }

    /// <summary>Ends a request with Command Abort Requested. False when there is none of that identifier.</summary>
    internal bool TryAbort(ushort commandId)
    {
        for (int i = 0; i < _count; i++)
        {
            int index = _requests[i];
            if (slots[index].CommandId == commandId)
            {
                _requests[i] = _requests[--_count];
                completions.Complete(index, NvmeStatus.AbortRequested);
                return true;
            }
        }

        return false;
    }

    /// <summary>Forgets all, at a reset.</summary>
    internal void Clear()
    {
        _count = 0;
        _silentTypes = 0;
        Array.Clear(_pending);
    }

    private static uint TypeBit(AsyncEvent what) => 1u << (int)((uint)what & 7);

    private void Deliver()
    {
        for (int i = 0; i < _all.Length && _count != 0; i++)
        {
            if (_pending[i] && (_silentTypes & TypeBit(_all[i])) == 0)
            {
                _pending[i] = false;
                _silentTypes |= TypeBit(_all[i]);
                completions.Complete(_requests[--_count], NvmeStatus.Success, (uint)_all[i]);
            }
        }
    }
}
