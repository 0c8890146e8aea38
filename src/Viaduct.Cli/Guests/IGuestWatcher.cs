using Viaduct.Machine;

namespace Viaduct.Cli.Guests;

/// <summary>Follows a guest through its machines: a reset takes another each time.</summary>
internal interface IGuestWatcher
{
    /// <summary>A machine has begun to run.</summary>
    void Started(VirtualMachine machine);

    /// <summary>It has ended, and is taken apart next.</summary>
    void Ended(VirtualMachine machine);
}
