namespace Viaduct.Platform.State;

/// <summary>
/// A part of a machine whose state can be taken while the machine stands still, and given to another of the same kind
/// that has not run yet. Parts with interrupt lines are restored before the interrupt controllers, which by then must
/// not take what the lines do for news.
/// </summary>
public interface ISavable
{
    /// <summary>Which part it is, unique in a machine; a record is restored to the part of its name.</summary>
    string StateName { get; }

    /// <summary>The version of what <see cref="Save"/> writes.</summary>
    int StateVersion { get; }

    /// <summary>Writes the state. The machine stands still.</summary>
    void Save(StateWriter writer);

    /// <summary>Takes a state that was saved.</summary>
    /// <param name="reader">Holds the record, and nothing else.</param>
    /// <param name="version">The version of what was written: this one or an earlier one.</param>
    /// <exception cref="StateException">The record isn't one that <see cref="Save"/> writes.</exception>
    void Restore(StateReader reader, int version);
}
