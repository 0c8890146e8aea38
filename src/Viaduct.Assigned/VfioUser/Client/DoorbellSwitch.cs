using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>
/// The thread on which watched doorbells are switched: arming waits for processors, which may wait for the receiver.
/// </summary>
internal sealed class DoorbellSwitch : IDoorbellTraps, IDisposable
{
    /// <summary>A server that asks more often than it gets answers means harm.</summary>
    private const int MaxWaiting = 1024;

    private readonly object _gate = new();
    private readonly Queue<(ushort Id, bool WantsReply, bool Armed)> _requests = new();
    private readonly Action<ushort> _switched;
    private readonly Thread _thread;
    private readonly Lock _switching = new();
    private IDoorbellTrapper? _trapper;
    private bool _armed = true;
    private bool _stopping;

    /// <param name="name">For the thread's name.</param>
    /// <param name="switched">Answers a request, by its id.</param>
    internal DoorbellSwitch(string name, Action<ushort> switched)
    {
        _switched = switched;
        _thread = new Thread(Run) { Name = $"doorbells {name}", IsBackground = true };
        _thread.UnsafeStart();
    }

    /// <inheritdoc/>
    public IDoorbellTrapper? Trapper
    {
        get => _trapper;
        set
        {
            lock (_switching)
            {
                _trapper = value;
                if (!_armed)
                {
                    value?.SetArmed(false);
                }
            }
        }
    }

    /// <summary>Takes a request. False when there are too many.</summary>
    internal bool TryAdd(ushort id, bool wantsReply, bool armed)
    {
        lock (_gate)
        {
            if (_requests.Count == MaxWaiting)
            {
                return false;
            }

            _requests.Enqueue((id, wantsReply, armed));
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    // Of several requests that wait only the last counts; each gets its answer.
    private void Run()
    {
        List<(ushort Id, bool WantsReply, bool Armed)> taken = [];
        while (TryTakeAll(taken))
        {
            bool armed = taken[^1].Armed;
            lock (_switching)
            {
                if (armed != _armed)
                {
                    _armed = armed;
                    _trapper?.SetArmed(armed);
                }
            }

            foreach ((ushort id, bool wantsReply, _) in taken)
            {
                if (wantsReply)
                {
                    _switched(id);
                }
            }
        }
    }

    private bool TryTakeAll(List<(ushort Id, bool WantsReply, bool Armed)> taken)
    {
        taken.Clear();
        lock (_gate)
        {
            while (!_stopping && _requests.Count == 0)
            {
                Monitor.Wait(_gate);
            }

            taken.AddRange(_requests);
            _requests.Clear();
            return !_stopping;
        }
    }
}
