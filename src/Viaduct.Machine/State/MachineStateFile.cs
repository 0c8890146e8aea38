using System.Buffers.Binary;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Memory;
using Viaduct.Platform.State;

namespace Viaduct.Machine.State;

/// <summary>
/// A machine that stands still, in a file: a mark, the length of what follows, what machine it is, a record of each
/// part in the order in which they are restored, then RAM by runs of pages that aren't zero, each with its first page's
/// number and how many there are, and a run of none at the end. All numbers are little-endian.
/// </summary>
internal static unsafe class MachineStateFile
{
    private const int LongestParts = 16 << 20;
    private const int LongestRun = 256;

    private static ReadOnlySpan<byte> Mark => "viaduct machine\u0001"u8;

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    internal static void Save(string path, MachineSpec spec, IReadOnlyList<ISavable> parts, HostMemory ram)
    {
        string unfinished = path + ".new";
        try
        {
            using (FileStream to = new(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                Save(to, spec, parts, ram);
                to.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(unfinished))
            {
                File.Delete(unfinished);
            }

            throw new IOException($"'{path}' can't be written: {error.Message}", error);
        }
    }

    /// <summary>Restores parts and memory of a machine that has not run. Its memory is zero.</summary>
    /// <exception cref="StateException">It can't be read, is no state, or is another machine's.</exception>
    internal static void Restore(string path, MachineSpec spec, IReadOnlyList<ISavable> parts, HostMemory ram)
    {
        try
        {
            using FileStream from = new(path, FileMode.Open, FileAccess.Read);
            Restore(from, spec, parts, ram);
        }
        catch (StateException error)
        {
            throw new StateException($"'{path}' can't be restored: {error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"'{path}' can't be read: {error.Message}");
        }
    }

    private static void Save(Stream to, MachineSpec spec, IReadOnlyList<ISavable> parts, HostMemory ram)
    {
        StateWriter writer = new();
        writer.UInt64(spec.Memory);
        writer.Int32(spec.Cpus);
        foreach (ISavable part in parts)
        {
            writer.Record(part);
        }

        to.Write(Mark);
        WriteInt32(to, writer.Written.Length);
        to.Write(writer.Written.Span);
        ulong from = 0;
        while (ram.NextTouched(from) is { Length: > 0 } touched)
        {
            from = touched.Offset + touched.Length;
            SavePages(to, ram, touched.Offset / HostMemory.PageSize, from / HostMemory.PageSize);
        }

        WriteRun(to, 0, 0);
    }

    private static void Restore(Stream from, MachineSpec spec, IReadOnlyList<ISavable> parts, HostMemory ram)
    {
        Span<byte> mark = stackalloc byte[Mark.Length];
        if (from.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false) != mark.Length || !mark.SequenceEqual(Mark))
        {
            throw new StateException("it isn't the state of a machine that this version of viaduct saved");
        }

        int length = ReadInt32(from);
        if (length is < 0 or > LongestParts)
        {
            throw new StateException($"{length} bytes of parts; there can't be so many");
        }

        byte[] bytes = new byte[length];
        Fill(from, bytes);
        StateReader reader = new(bytes);
        ulong memory = reader.UInt64();
        int cpus = reader.Int32();
        if (memory != spec.Memory || cpus != spec.Cpus)
        {
            throw new StateException($"it is that of a machine with --memory {memory >> 20}M --cpus {cpus}, and this one has {spec.Memory >> 20}M and {spec.Cpus}");
        }

        RestorePages(from, ram);
        foreach (ISavable part in parts)
        {
            reader.Record(part);
        }

        if (!reader.IsAtEnd)
        {
            throw new StateException("it has more parts than this machine");
        }
    }

    private static void SavePages(Stream to, HostMemory ram, ulong page, ulong end)
    {
        while (page < end)
        {
            ulong first = page;
            while (page < end && page - first < LongestRun && !IsZero(ram, page))
            {
                page++;
            }

            if (page == first)
            {
                page++;
                continue;
            }

            WriteRun(to, first, (int)(page - first));
            to.Write(new ReadOnlySpan<byte>(ram.Pointer + (first * HostMemory.PageSize), (int)(page - first) * HostMemory.PageSize));
        }
    }

    private static void RestorePages(Stream from, HostMemory ram)
    {
        ulong pages = ram.Length / HostMemory.PageSize;
        while (true)
        {
            ulong page = ReadUInt64(from);
            int count = ReadInt32(from);
            if (count == 0)
            {
                return;
            }

            if (count is < 0 or > LongestRun || page >= pages || (ulong)count > pages - page)
            {
                throw new StateException($"{count} pages of memory from {page} on, and there are {pages}");
            }

            Fill(from, new Span<byte>(ram.Pointer + (page * HostMemory.PageSize), count * HostMemory.PageSize));
        }
    }

    private static bool IsZero(HostMemory ram, ulong page) =>
        new ReadOnlySpan<byte>(ram.Pointer + (page * HostMemory.PageSize), HostMemory.PageSize).IndexOfAnyExcept((byte)0) < 0;

    private static void WriteRun(Stream to, ulong page, int count)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, page);
        to.Write(bytes);
        WriteInt32(to, count);
    }

    private static void WriteInt32(Stream to, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }

    private static ulong ReadUInt64(Stream from)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Fill(from, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static int ReadInt32(Stream from)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        Fill(from, bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    private static void Fill(Stream from, Span<byte> bytes)
    {
        if (from.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) != bytes.Length)
        {
            throw new StateException("it ends before it should");
        }
    }
}
