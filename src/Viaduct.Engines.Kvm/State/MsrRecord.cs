using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Kvm.State;

/// <summary>A processor's model-specific registers, those that KVM names as its state, as a record.</summary>
internal static class MsrRecord
{
    private const uint TscDeadline = 0x6E0;

    // So many at once that a page holds them.
    private const int Batch = 128;

    internal static void Save(KvmCpu cpu, ReadOnlySpan<uint> numbers, StateWriter writer)
    {
        List<KvmMsrEntry> entries = [];
        foreach (uint number in numbers)
        {
            // One by one, for the list also names those of features that this processor hasn't got.
            KvmMsrEntry[] entry = [new KvmMsrEntry { Index = number }];
            if (cpu.GetMsrs(entry) == 1)
            {
                entries.Add(entry[0]);
            }
        }

        writer.Int32(entries.Count);
        foreach (KvmMsrEntry entry in entries)
        {
            writer.UInt32(entry.Index);
            writer.UInt64(entry.Value);
        }
    }

    internal static void Restore(KvmCpu cpu, ReadOnlySpan<uint> numbers, StateReader reader)
    {
        int count = reader.Int32(0, numbers.Length);
        KvmMsrEntry[] entries = new KvmMsrEntry[count];
        for (int i = 0; i < count; i++)
        {
            entries[i] = new KvmMsrEntry { Index = reader.UInt32(), Value = reader.UInt64() };
            if (!numbers.Contains(entries[i].Index))
            {
                throw new StateException($"MSR {entries[i].Index:x} is none that this host's KVM keeps");
            }
        }

        // The deadline is one by the TSC that is set before it.
        Array.Sort(entries, static (left, right) => (left.Index == TscDeadline).CompareTo(right.Index == TscDeadline));
        for (int done = 0; done < count;)
        {
            ReadOnlySpan<KvmMsrEntry> rest = entries.AsSpan(done, Math.Min(Batch, count - done));
            int set = cpu.SetMsrs(rest);
            done += set;
            if (set < rest.Length)
            {
                Accept(cpu, entries[done++]);
            }
        }
    }

    // Some are refused though they are read: well where they have the value already.
    private static void Accept(KvmCpu cpu, KvmMsrEntry refused)
    {
        KvmMsrEntry[] now = [refused];
        if (cpu.GetMsrs(now) != 1 || now[0].Value != refused.Value)
        {
            throw new StateException($"this host's KVM can't give MSR {refused.Index:x} the value {refused.Value:x}");
        }
    }
}
