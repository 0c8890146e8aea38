using System.Globalization;

namespace Viaduct.Lab.Outer;

/// <summary>A script that runs in an outer machine.</summary>
internal sealed class OuterCommand
{
    private static readonly TimeSpan _usualLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _killLimit = TimeSpan.FromMinutes(1);

    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OuterMachine _machine;
    private readonly string _id;
    private int _typed;

    internal OuterCommand(OuterMachine machine, string id)
    {
        _machine = machine;
        _id = id;
    }

    /// <summary>What it wrote so far to standard output and standard error.</summary>
    internal string Output
    {
        get
        {
            string path = Path.Combine(_machine.Folder, $"{_id}.out");
            return File.Exists(path) ? File.ReadAllText(path) : "";
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <param name="limit">How long, two minutes by default; then all of its processes are killed.</param>
    /// <exception cref="OuterMachineException">It took too long, or the machine is gone.</exception>
    internal async Task<OuterResult> EndAsync(TimeSpan? limit = null)
    {
        await WithinAsync(_ended.Task, limit, "didn't end");
        return new OuterResult(await _ended.Task, Output);
    }

    /// <summary>Waits until it has written a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="limit">How long, two minutes by default; then all of its processes are killed.</param>
    /// <exception cref="OuterMachineException">It ended without, took too long, or the machine is gone.</exception>
    internal async Task SeenAsync(string text, TimeSpan? limit = null)
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look()
        {
            if (Output.Contains(text, StringComparison.Ordinal))
            {
                seen.TrySetResult();
            }
        }

        using FileSystemWatcher watcher = new(_machine.Folder, $"{_id}.out");
        watcher.Created += (_, _) => Look();
        watcher.Changed += (_, _) => Look();
        watcher.EnableRaisingEvents = true;
        Look();
        await WithinAsync(Task.WhenAny(seen.Task, _ended.Task), limit, $"didn't write '{text}'");
        Look();
        if (!seen.Task.IsCompleted)
        {
            throw new OuterMachineException($"it ended with status {await _ended.Task} and without '{text}', but with:\n{Output}");
        }
    }

    /// <summary>Brings it input.</summary>
    internal void Type(string text)
    {
        string number = Interlocked.Increment(ref _typed).ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(_machine.Folder, $"{_id}.{number}"), text);
        _machine.Order($"type {_id} {number}");
    }

    /// <summary>Kills all processes of its session and waits until it has ended.</summary>
    internal async Task<OuterResult> KillAsync()
    {
        _machine.Order($"kill {_id}");
        return new OuterResult(await _ended.Task.WaitAsync(_killLimit * LabPatience.Factor), Output);
    }

    internal void Finish(int status) => _ended.TrySetResult(status);

    internal void Break(OuterMachineException reason) => _ended.TrySetException(reason);

    private async Task WithinAsync(Task task, TimeSpan? limit, string failure)
    {
        TimeSpan longest = (limit ?? _usualLimit) * LabPatience.Factor;
        try
        {
            await task.WaitAsync(longest, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            await KillAsync();
            throw new OuterMachineException($"it {failure} in {longest.TotalSeconds:0} s and was killed; it wrote:\n{Output}\nThe end of the outer machine's console:\n{_machine.ConsoleTail}");
        }
    }
}
