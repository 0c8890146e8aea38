namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>The mode field of the timer's local vector table entry (Intel SDM vol. 3A 11.5.4).</summary>
internal enum ApicTimerMode
{
    OneShot = 0,
    Periodic = 1,
    TscDeadline = 2,
}
