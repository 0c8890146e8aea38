namespace Viaduct.Engines.Kvm.Interop;

/// <summary>Makes ioctl request numbers as asm-generic/ioctl.h does: direction, argument size, driver's letter, number.</summary>
internal static class Ioctl
{
    private const uint Write = 1;
    private const uint Read = 2;

    /// <summary>A request whose argument is a number or nothing.</summary>
    public static uint None(uint type, uint number) => Number(0, type, number, 0);

    /// <summary>A request that the kernel reads <typeparamref name="T"/> for.</summary>
    public static unsafe uint In<T>(uint type, uint number)
        where T : unmanaged => Number(Write, type, number, (uint)sizeof(T));

    /// <summary>A request that the kernel writes <typeparamref name="T"/> for.</summary>
    public static unsafe uint Out<T>(uint type, uint number)
        where T : unmanaged => Number(Read, type, number, (uint)sizeof(T));

    /// <summary>A request that the kernel reads and writes <typeparamref name="T"/> for.</summary>
    public static unsafe uint InOut<T>(uint type, uint number)
        where T : unmanaged => Number(Read | Write, type, number, (uint)sizeof(T));

    private static uint Number(uint direction, uint type, uint number, uint size) =>
        (direction << 30) | (size << 16) | (type << 8) | number;
}
