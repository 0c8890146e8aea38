namespace Viaduct.Platform.Engines;

/// <summary>One virtual processor. Its owner runs it on a thread of its own.</summary>
public interface IVirtualCpu
{
    /// <summary>The processor's local APIC ID.</summary>
    int ApicId { get; }

    /// <summary>Instructions finished so far, where the engine counts them; zero where it can't.</summary>
    long Instructions { get; }

    /// <summary>Whether it has run guest instructions, or is just about to.</summary>
    bool HasBegun { get; }

    /// <summary>Sets the registers for the first instruction. Before <see cref="Run"/>.</summary>
    void Boot(CpuBootState state);

    /// <summary>Runs guest instructions until the processor stops; sleeps while the guest halts. After <see cref="CpuExit.Stopped"/> it may be called again, to go on, where the engine has a <see cref="IEngine.State"/>.</summary>
    CpuExit Run();

    /// <summary>What <see cref="Run"/> has to say of how it ended, for people.</summary>
    string Describe();

    /// <summary>Makes <see cref="Run"/> return soon, once: the one that is under way, or the next. Any thread.</summary>
    void Stop();
}
