using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>The interrupt command register: interprocessor interrupts that a local APIC sends (Intel SDM vol. 3A 11.6.1, 11.12.9).</summary>
internal sealed class InterruptCommand(LocalApic sender, InterruptRouter router)
{
    private const uint Writable = 0x000C_CFFF;
    private const uint LogicalDestination = 1 << 11;
    private const uint Assert = 1 << 14;
    private const uint Level = 1 << 15;

    private enum Shorthand
    {
        None,
        Self,
        All,
        AllButSelf,
    }

    /// <summary>Bits 31 to 0 as they read.</summary>
    public uint Low { get; private set; }

    /// <summary>Bits 63 to 32: the destination.</summary>
    public uint High { get; set; }

    public void Reset()
    {
        Low = 0;
        High = 0;
    }

    public void Save(StateWriter writer)
    {
        writer.UInt32(Low);
        writer.UInt32(High);
    }

    public void Restore(StateReader reader)
    {
        Low = reader.UInt32() & Writable;
        High = reader.UInt32();
    }

    /// <summary>Writes the low half, which sends. False when the vector is illegal.</summary>
    public bool TrySend(uint value)
    {
        Low = value & Writable;
        DeliveryMode mode = InterruptMessage.ModeOf(value);
        if (mode == DeliveryMode.Init && (value & Level) != 0 && (value & Assert) == 0)
        {
            // The INIT level de-assert of the first APICs; since then it does nothing.
            return true;
        }

        bool wide = sender.IsX2Apic;
        uint destination = wide ? High : High >> 24;
        bool logical = (value & LogicalDestination) != 0;
        return TrySend(new InterruptMessage(mode, (byte)value, false, logical, destination, wide), (Shorthand)((value >> 18) & 3));
    }

    /// <summary>The self IPI register: a fixed interrupt to the sender. False when the vector is illegal.</summary>
    public bool TrySendSelf(byte vector) =>
        TrySend(new InterruptMessage(DeliveryMode.Fixed, vector, false, false, sender.Id, true), Shorthand.Self);

    private bool TrySend(in InterruptMessage message, Shorthand shorthand)
    {
        if (message.Mode is DeliveryMode.Fixed or DeliveryMode.LowestPriority && message.Vector < 16)
        {
            return false;
        }

        switch (shorthand)
        {
            case Shorthand.None:
                router.Deliver(message);
                break;
            case Shorthand.Self:
                InterruptRouter.DeliverTo(sender, message);
                break;
            default:
                router.DeliverToAll(message, except: shorthand == Shorthand.AllButSelf ? sender : null);
                break;
        }

        return true;
    }
}
