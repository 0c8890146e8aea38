using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>The entries by which a local APIC turns its own events into interrupts (Intel SDM vol. 3A 11.5.1), by their register numbers.</summary>
internal sealed class LocalVectorTable
{
    private readonly uint[] _entries = new uint[ApicRegister.LvtError - ApicRegister.LvtTimer + 1];

    internal LocalVectorTable() => MaskAll();

    /// <summary>An entry as it reads.</summary>
    internal uint this[uint register] => _entries[register - ApicRegister.LvtTimer];

    /// <summary>All entries as after power-on.</summary>
    internal void Reset() => Array.Fill(_entries, ApicRegister.LvtMasked);

    internal void Save(StateWriter writer) => writer.Words(_entries);

    internal void Restore(StateReader reader) => reader.Words(_entries);

    /// <summary>Sets every mask, as switching the APIC off by software does.</summary>
    internal void MaskAll()
    {
        for (int i = 0; i < _entries.Length; i++)
        {
            _entries[i] |= ApicRegister.LvtMasked;
        }
    }

    /// <summary>Writes what an entry keeps; while the APIC is off by software its mask stays set.</summary>
    internal void Write(uint register, uint value, bool enabled) =>
        _entries[register - ApicRegister.LvtTimer] =
            (value & ApicRegister.LvtWritable(register)) | (enabled ? 0 : ApicRegister.LvtMasked);
}
