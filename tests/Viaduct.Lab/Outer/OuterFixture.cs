namespace Viaduct.Lab.Outer;

/// <summary>
/// An outer machine for the cases of a class: derive from it, say what the machine has, and have the class take it by
/// <c>IClassFixture</c>. It boots once, before the first case.
/// </summary>
public abstract class OuterFixture : IAsyncLifetime
{
    private readonly OuterOptions _options;
    private OuterMachine? _machine;

    private protected OuterFixture(OuterOptions options) => _options = options;

    /// <summary>The machine.</summary>
    internal OuterMachine Machine => _machine!;

    /// <summary>Boots it.</summary>
    public async ValueTask InitializeAsync()
    {
        _machine = await OuterMachine.StartAsync(_options);
        await PrepareAsync();
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_machine is not null)
        {
            await _machine.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>What is done once in it, before the first case.</summary>
    private protected virtual Task PrepareAsync() => Task.CompletedTask;
}
