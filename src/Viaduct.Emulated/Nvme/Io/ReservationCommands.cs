using System.Buffers.Binary;
using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>Reservation Register, Report, Acquire and Release (NVMe 1.4, 6.10 to 6.13). Worker only.</summary>
internal sealed class ReservationCommands(NvmeSubsystem subsystem, ControllerSeat seat, TransferMap map, WaitingCommands waiting, Action ended)
{
    private const uint IgnoreKey = 1 << 3;
    private const int Keys = 16;

    /// <summary>Begins one of them.</summary>
    internal CommandOutcome Start(int index, IoOpcode opcode, SubsystemNamespace target, in SubmissionEntry entry) => opcode switch
    {
        IoOpcode.ReservationRegister => Register(target, in entry),
        IoOpcode.ReservationReport => Report(target, in entry),
        IoOpcode.ReservationAcquire => Acquire(index, target, in entry),
        _ => Release(target, in entry),
    };

    private CommandOutcome Register(SubsystemNamespace target, in SubmissionEntry entry)
    {
        uint action = entry.Dword10 & 7;
        bool ignoreKey = (entry.Dword10 & IgnoreKey) != 0;
        uint persistence = entry.Dword10 >> 30;
        // PTPL can be left as it is or cleared: nothing here lasts past power loss.
        if (action > 2 || persistence is 1 or 3)
        {
            return NvmeStatus.InvalidField;
        }

        NvmeStatus status = ReadKeys(in entry, out ulong key, out ulong next);
        return status != NvmeStatus.Success ? status : subsystem.Reserve(target, reservations => action switch
        {
            0 => reservations.Register(seat.Host, next),
            1 => reservations.Unregister(seat.Host, key, ignoreKey),
            _ => reservations.Replace(seat.Host, key, next, ignoreKey),
        });
    }

    private CommandOutcome Acquire(int index, SubsystemNamespace target, in SubmissionEntry entry)
    {
        const uint PreemptAndAbort = 2;
        uint action = entry.Dword10 & 7;
        byte type = (byte)(entry.Dword10 >> 8);
        if (action > PreemptAndAbort || (entry.Dword10 & IgnoreKey) != 0 || type is 0 or > (byte)ReservationType.ExclusiveAccessAll)
        {
            return NvmeStatus.InvalidField;
        }

        NvmeStatus status = ReadKeys(in entry, out ulong key, out ulong victim);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        List<HostIdentity> preempted = [];
        status = subsystem.Reserve(target, reservations => action == 0
            ? reservations.Acquire(seat.Host, key, (ReservationType)type)
            : reservations.Preempt(seat.Host, key, victim, (ReservationType)type, preempted));
        if (status != NvmeStatus.Success || action != PreemptAndAbort || preempted.Count == 0)
        {
            return status;
        }

        // The disks can't let go of what they have; the command ends when they have ended that.
        Rendezvous rendezvous = waiting.NewRendezvous();
        subsystem.Drain(target, preempted, rendezvous);
        return waiting.Wait(index, rendezvous, ended: ended);
    }

    private CommandOutcome Release(SubsystemNamespace target, in SubmissionEntry entry)
    {
        uint action = entry.Dword10 & 7;
        byte type = (byte)(entry.Dword10 >> 8);
        if (action > 1 || (entry.Dword10 & IgnoreKey) != 0)
        {
            return NvmeStatus.InvalidField;
        }

        Span<byte> data = stackalloc byte[8];
        NvmeStatus status = map.CopyIn(in entry, data);
        ulong key = BinaryPrimitives.ReadUInt64LittleEndian(data);
        return status != NvmeStatus.Success ? status : subsystem.Reserve(target, reservations => action == 0
            ? reservations.Release(seat.Host, key, (ReservationType)type)
            : reservations.Clear(seat.Host, key));
    }

    private CommandOutcome Report(SubsystemNamespace target, in SubmissionEntry entry)
    {
        ulong bytes = ((ulong)entry.Dword10 + 1) * 4;
        bool extended = (entry.Dword11 & 1) != 0;
        if (bytes > NvmeLimits.TransferBytes)
        {
            return NvmeStatus.InvalidField;
        }

        byte[] page = [];
        NvmeStatus status = subsystem.Reserve(target, reservations =>
        {
            // Identifiers of 128 bits don't fit the short form, and the long one is for them alone.
            if (Inconsistent(seat.Host, extended) || reservations.Registrants.Any(each => Inconsistent(each.Host, extended)))
            {
                return NvmeStatus.HostIdentifierInconsistent;
            }

            page = Describe(reservations, extended);
            return NvmeStatus.Success;
        });
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        Array.Resize(ref page, (int)bytes);
        return map.CopyOut(in entry, page);
    }

    private static bool Inconsistent(HostIdentity host, bool extended) => !host.IsAnonymous && host.Extended != extended;

    /// <summary>Reservation Status (figures 407 to 410).</summary>
    private byte[] Describe(Reservations reservations, bool extended)
    {
        int header = extended ? 64 : 24;
        int size = extended ? 64 : 24;
        List<byte> page = [.. new byte[header]];
        ushort count = 0;
        foreach (Registrant registrant in reservations.Registrants)
        {
            const ushort Nowhere = 0xFFFF;
            ushort[] controllers = [.. subsystem.ControllersOf(registrant.Host).Select(id => (ushort)id).DefaultIfEmpty(Nowhere)];
            foreach (ushort controller in controllers)
            {
                byte[] entry = new byte[size];
                BinaryPrimitives.WriteUInt16LittleEndian(entry, controller);
                entry[2] = reservations.IsHolder(registrant.Host) ? (byte)1 : (byte)0;
                BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(extended ? 8 : 16), registrant.Key);
                if (extended)
                {
                    BinaryPrimitives.WriteUInt128LittleEndian(entry.AsSpan(16), registrant.Host.Id);
                }
                else
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(8), (ulong)registrant.Host.Id);
                }

                page.AddRange(entry);
                count++;
            }
        }

        byte[] bytes = [.. page];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, reservations.Generation);
        bytes[4] = (byte)reservations.Type;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(5), count);
        return bytes;
    }

    private NvmeStatus ReadKeys(in SubmissionEntry entry, out ulong first, out ulong second)
    {
        Span<byte> data = stackalloc byte[Keys];
        NvmeStatus status = map.CopyIn(in entry, data);
        first = BinaryPrimitives.ReadUInt64LittleEndian(data);
        second = BinaryPrimitives.ReadUInt64LittleEndian(data[8..]);
        return status;
    }
}
