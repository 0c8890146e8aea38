using System.Buffers.Binary;
using Viaduct.Machine.GuestParts;

namespace Viaduct.Guests.Support;

/// <summary>
/// What nvme-cli does for <c>nvme admin-passthru</c>, in a program small enough to write down: it reads a struct
/// nvme_passthru_cmd from descriptor 0 and hands it to the controller that is open as descriptor 3. Its exit code is
/// the low byte of the command's status, or the errno.
/// </summary>
internal static class AdminCommandProgram
{
    private const ulong LoadAddress = 0x40_0000;
    private const int HeadersLength = 64 + 56;
    private const int CommandLength = 72;

    private static readonly byte[] _code =
    [
        0x48, 0x81, 0xEC, 0x80, 0x00, 0x00, 0x00, // sub rsp, 128
        0x31, 0xFF,                               // xor edi, edi
        0x48, 0x89, 0xE6,                         // mov rsi, rsp
        0xBA, CommandLength, 0x00, 0x00, 0x00,    // mov edx, 72
        0x31, 0xC0,                               // xor eax, eax: read
        0x0F, 0x05,                               // syscall
        0xBF, 0x03, 0x00, 0x00, 0x00,             // mov edi, 3
        0xBE, 0x41, 0x4E, CommandLength, 0xC0,    // mov esi, NVME_IOCTL_ADMIN_CMD
        0x48, 0x89, 0xE2,                         // mov rdx, rsp
        0xB8, 0x10, 0x00, 0x00, 0x00,             // mov eax, 16: ioctl
        0x0F, 0x05,                               // syscall
        0x89, 0xC7,                               // mov edi, eax
        0x85, 0xFF,                               // test edi, edi
        0x79, 0x02,                               // jns exit
        0xF7, 0xDF,                               // neg edi
        0xB8, 0x3C, 0x00, 0x00, 0x00,             // mov eax, 60: exit
        0x0F, 0x05,                               // syscall
    ];

    /// <summary>The program, to be put at <c>nvme-admin</c>.</summary>
    internal static RamDiskFile File { get; } = new("nvme-admin", Elf(), Executable: true);

    /// <summary>A command without data, for the program to read.</summary>
    internal static RamDiskFile Command(string path, byte opcode, uint dword10, uint dword11)
    {
        byte[] command = new byte[CommandLength];
        command[0] = opcode;
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(40), dword10);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(44), dword11);
        return new RamDiskFile(path, command, Executable: false);
    }

    private static byte[] Elf()
    {
        byte[] file = new byte[HeadersLength + _code.Length];
        // 64 bits, little endian, version 1; an executable for x86-64 with one program header behind this one.
        byte[] ident = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(file, 0);
        Put16(file, 16, 2);
        Put16(file, 18, 62);
        Put32(file, 20, 1);
        Put64(file, 24, LoadAddress + HeadersLength);
        Put64(file, 32, 64);
        Put16(file, 52, 64);
        Put16(file, 54, 56);
        Put16(file, 56, 1);
        // The whole file, readable and executable.
        Put32(file, 64, 1);
        Put32(file, 68, 5);
        Put64(file, 80, LoadAddress);
        Put64(file, 88, LoadAddress);
        Put64(file, 96, (ulong)file.Length);
        Put64(file, 104, (ulong)file.Length);
        Put64(file, 112, 0x1000);
        _code.CopyTo(file, HeadersLength);
        return file;
    }

    private static void Put16(byte[] file, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(offset), value);

    private static void Put32(byte[] file, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(offset), value);

    private static void Put64(byte[] file, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(offset), value);
}
