namespace Viaduct.Emulated.Power;

/// <summary>What a guest asks of the machine it runs on. Called on a vCPU's thread: note it, stop the processors later.</summary>
public interface IPowerRequests
{
    /// <summary>The guest has shut down.</summary>
    void PowerOff();

    /// <summary>The guest wants to start again.</summary>
    void Reset();
}
