using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>
/// Carries interrupt messages to the local APICs they are for, and ends of interrupt back to the I/O APICs: what the
/// system bus does. APICs join while the machine is built; after that the lists don't change.
/// </summary>
public sealed class InterruptRouter : IMsiSink
{
    private LocalApic[] _locals = [];
    private IoApic[] _ioApics = [];

    /// <inheritdoc/>
    /// <remarks>Intel SDM vol. 3A 11.11: address bits 31 to 20 are FEEH, 19 to 12 the destination, 3 the redirection hint, 2 the destination mode.</remarks>
    public void Signal(ushort requesterId, ulong address, uint data)
    {
        if ((address >> 20) != 0xFEE)
        {
            return;
        }

        bool logical = (address & 4) != 0;
        bool hint = (address & 8) != 0;
        DeliveryMode mode = InterruptMessage.ModeOf(data);
        if (hint && logical && mode == DeliveryMode.Fixed)
        {
            mode = DeliveryMode.LowestPriority;
        }

        bool level = (data & (1 << 15)) != 0;
        if (level && (data & (1 << 14)) == 0)
        {
            // The de-assertion of a level message: there is nothing to take back.
            return;
        }

        Deliver(new InterruptMessage(mode, (byte)data, level, logical, (uint)(address >> 12) & 0xFF, Wide: false));
    }

    /// <summary>Delivers a message to those it names. Any thread.</summary>
    public void Deliver(in InterruptMessage message)
    {
        if (message.Mode == DeliveryMode.LowestPriority)
        {
            DeliverToLowest(message);
            return;
        }

        foreach (LocalApic apic in _locals)
        {
            if (apic.Matches(message))
            {
                DeliverTo(apic, message);
            }
        }
    }

    internal static void DeliverTo(LocalApic apic, in InterruptMessage message)
    {
        switch (message.Mode)
        {
            case DeliveryMode.Fixed:
            case DeliveryMode.LowestPriority:
                apic.Accept(message.Vector, message.Level);
                break;
            case DeliveryMode.Nmi:
                apic.AcceptNmi();
                break;
            case DeliveryMode.Init:
                apic.AcceptInit();
                break;
            case DeliveryMode.StartUp:
                apic.AcceptStartUp(message.Vector);
                break;
            default:
                break;
        }
    }

    internal void DeliverToAll(in InterruptMessage message, LocalApic? except)
    {
        foreach (LocalApic apic in _locals)
        {
            if (apic != except)
            {
                DeliverTo(apic, message);
            }
        }
    }

    internal void EndOfInterrupt(int vector)
    {
        foreach (IoApic ioApic in _ioApics)
        {
            ioApic.EndOfInterrupt(vector);
        }
    }

    internal void Add(LocalApic apic) => _locals = [.. _locals, apic];

    internal void Add(IoApic ioApic) => _ioApics = [.. _ioApics, ioApic];

    private void DeliverToLowest(in InterruptMessage message)
    {
        LocalApic? lowest = null;
        foreach (LocalApic apic in _locals)
        {
            if (apic.Matches(message) && (lowest is null || apic.ProcessorPriority < lowest.ProcessorPriority))
            {
                lowest = apic;
            }
        }

        lowest?.Accept(message.Vector, message.Level);
    }
}
