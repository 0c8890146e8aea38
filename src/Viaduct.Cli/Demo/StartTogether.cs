namespace Viaduct.Cli.Demo;

/// <summary>
/// Lets guests that shall load a shared device at the same time begin each step together: whoever arrives waits for the
/// others. A guest that ends leaves, so that nobody waits for it.
/// </summary>
internal sealed class StartTogether(int parties)
{
    private readonly Lock _lock = new();
    private readonly List<Action> _waiting = [];
    private int _parties = parties;

    /// <summary>Calls <paramref name="go"/> once all that are left have arrived; perhaps on another guest's thread.</summary>
    internal void Arrive(Action go)
    {
        lock (_lock)
        {
            _waiting.Add(go);
        }

        Release();
    }

    /// <summary>Waits for one party less.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            _parties--;
        }

        Release();
    }

    private void Release()
    {
        Action[] released;
        lock (_lock)
        {
            if (_waiting.Count < _parties)
            {
                return;
            }

            released = [.. _waiting];
            _waiting.Clear();
        }

        foreach (Action go in released)
        {
            go();
        }
    }
}
