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

    /// <summary>Runs guest instructions until the processor stops for good; sleeps while the guest halts.</summary>
    CpuExit Run();

    /// <summary>What <see cref="Run"/> has to say of how it ended, for people.</summary>
    string Describe();

    /// <summary>Makes <see cref="Run"/> return soon. Any thread.</summary>
    void Stop();
}
