using System.Buffers.Binary;

namespace Viaduct.Machine.Boot;

/// <summary>A bzImage: its setup header (Linux, Documentation/arch/x86/boot.rst) and what it carries.</summary>
internal sealed class LinuxImage
{
    /// <summary>Where the setup header begins, in the file and in boot_params.</summary>
    internal const int HeaderOffset = 0x1F1;

    private const int Magic = 0x202;
    private const int VersionOffset = 0x206;
    private const int HeaderEndOffset = 0x201;
    private const int ExtendedFlagsOffset = 0x236;
    private const int PayloadOffsetOffset = 0x248;
    private const int PayloadLengthOffset = 0x24C;
    private const int Minimum = 0x268;
    private const int Version212 = 0x020C;

    private readonly string _path;
    private readonly byte[] _file;

    internal LinuxImage(string path, byte[] file)
    {
        _path = path;
        _file = file;
        int version = Read16(VersionOffset);
        if (version < Version212 || (Read16(ExtendedFlagsOffset) & 1) == 0)
        {
            throw new KernelImageException(path, $"has no 64-bit entry (boot protocol {version >> 8}.{version & 0xFF}); kernels since Linux 3.8 have one");
        }

        int sectors = file[HeaderOffset] == 0 ? 4 : file[HeaderOffset];
        ProtectedModeOffset = (sectors + 1) * 512;
        if (ProtectedModeOffset >= file.Length)
        {
            throw new KernelImageException(path, "ends within its set-up code");
        }
    }

    /// <summary>Where the protected-mode part begins in the file.</summary>
    internal int ProtectedModeOffset { get; }

    /// <summary>The highest address of the initial RAM disk's last byte.</summary>
    internal uint HighestInitrd => Read32(0x22C);

    /// <summary>The longest command line.</summary>
    internal uint CommandLineSize => Read32(0x238);

    /// <summary>Where the image wants to be, when it must unpack itself.</summary>
    internal ulong PreferredAddress => BinaryPrimitives.ReadUInt64LittleEndian(_file.AsSpan(0x258));

    /// <summary>How much memory it needs there.</summary>
    internal uint InitSize => Read32(0x260);

    /// <summary>The setup header, as it is copied into boot_params.</summary>
    internal ReadOnlySpan<byte> Header => _file.AsSpan(HeaderOffset, 0x202 + _file[HeaderEndOffset] - HeaderOffset);

    /// <summary>The protected-mode part.</summary>
    internal ReadOnlySpan<byte> ProtectedMode => _file.AsSpan(ProtectedModeOffset);

    /// <summary>The kernel proper, packed. Empty when the header points elsewhere than into the image.</summary>
    internal ReadOnlySpan<byte> Payload
    {
        get
        {
            uint offset = Read32(PayloadOffsetOffset);
            uint length = Read32(PayloadLengthOffset);
            ReadOnlySpan<byte> code = ProtectedMode;
            return offset > (uint)code.Length || length > (uint)code.Length - offset ? [] : code.Slice((int)offset, (int)length);
        }
    }

    internal static bool IsLinux(ReadOnlySpan<byte> file) =>
        file.Length >= Minimum && file[Magic..].StartsWith("HdrS"u8) && BinaryPrimitives.ReadUInt16LittleEndian(file[0x1FE..]) == 0xAA55;

    /// <summary>The kernel proper, unpacked. Null when the image must unpack itself.</summary>
    /// <param name="cache">Where it may lie unpacked.</param>
    /// <exception cref="KernelImageException">It is broken.</exception>
    internal ElfImage? TryUnpack(KernelCache cache)
    {
        ReadOnlySpan<byte> payload = Payload;
        if (payload.IsEmpty)
        {
            return null;
        }

        try
        {
            byte[]? unpacked = cache.TryUnpack(payload);
            return unpacked is not null && ElfImage.IsElf(unpacked) ? new ElfImage(_path, unpacked) : null;
        }
        catch (InvalidDataException error)
        {
            throw new KernelImageException(_path, $"can't be unpacked: {error.Message}");
        }
    }

    private ushort Read16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_file.AsSpan(offset));

    private uint Read32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_file.AsSpan(offset));
}
