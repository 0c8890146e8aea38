using System.Buffers.Binary;
using System.Text.Json;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>
/// The body of the first message and its reply: a version and capabilities as JSON, ended by a zero byte. The key
/// <c>viaduct</c> is our own; a server answers with it only to a client that sent it.
/// </summary>
public sealed record VersionOffer
{
    /// <summary>The protocol's major version.</summary>
    public const int Major = 0;

    /// <summary>The protocol's minor version.</summary>
    public const int Minor = 1;

    /// <summary>The minor version that the sender speaks; a server answers with no higher one than its client's.</summary>
    public int SpokenMinor { get; init; } = Minor;

    /// <summary>Descriptors that the sender takes with one message; 1 where it doesn't say.</summary>
    public int MaxDescriptors { get; init; } = 1;

    /// <summary>Bytes that the sender takes in one access; 1 MiB where it doesn't say.</summary>
    public int MaxTransfer { get; init; } = 1 << 20;

    /// <summary>DMA maps that the sender keeps, or zero for one that says nothing of it: a server's.</summary>
    public int MaxMaps { get; init; }

    /// <summary>Whether the sender takes several register writes in one message: a server's.</summary>
    public bool WritesMultiple { get; init; }

    /// <summary>Whether the sender knows Viaduct's own commands: watched doorbells and counters.</summary>
    public bool IsViaduct { get; init; }

    /// <summary>
    /// Whether the sender shares, or makes use of, the map of pages that an engine keeps code of
    /// (<see cref="DmaCodeMapMessage"/>, <see cref="VfioUserCommand.ViaductCodeWritten"/>). A server says so only to a client that does.
    /// </summary>
    public bool HasCodeMap { get; init; }

    /// <summary>Client: who takes the device, for the message to the next who asks.</summary>
    public string? Holder { get; init; }

    /// <summary>Server: whether the device is a virtual function.</summary>
    public bool IsShared { get; init; }

    /// <summary>Reads one. Null where it is none, has values of the wrong kind, or is of another major version.</summary>
    /// <param name="body">The message without its header.</param>
    public static VersionOffer? Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length < 4 || BinaryPrimitives.ReadUInt16LittleEndian(body) != Major)
        {
            return null;
        }

        int minor = BinaryPrimitives.ReadUInt16LittleEndian(body[2..]);
        ReadOnlySpan<byte> text = body[4..];
        if (text.IsEmpty)
        {
            return new VersionOffer { SpokenMinor = minor };
        }

        if (text[^1] != 0)
        {
            return null;
        }

        text = text.TrimEnd((byte)0);
        if (text.IsEmpty)
        {
            return new VersionOffer { SpokenMinor = minor };
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text.ToArray(), new JsonDocumentOptions { MaxDepth = 8 });
            VersionOffer? offer = document.RootElement.ValueKind != JsonValueKind.Object
                ? null
                : document.RootElement.TryGetProperty("capabilities", out JsonElement capabilities) ? Read(capabilities) : new VersionOffer();
            return offer is null ? null : offer with { SpokenMinor = minor };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The latter is a string of what is no text.
            return null;
        }
    }

    /// <summary>Writes one, as the body of a message.</summary>
    public byte[] Format()
    {
        using MemoryStream stream = new();
        stream.Write([Major, 0, (byte)Math.Min(SpokenMinor, Minor), 0]);
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("capabilities");
            writer.WriteNumber("max_msg_fds", MaxDescriptors);
            writer.WriteNumber("max_data_xfer_size", MaxTransfer);
            if (MaxMaps != 0)
            {
                writer.WriteNumber("pgsizes", 4096);
                writer.WriteNumber("max_dma_maps", MaxMaps);
            }

            if (WritesMultiple)
            {
                writer.WriteBoolean("write_multiple", true);
            }

            if (IsViaduct)
            {
                writer.WriteStartObject("viaduct");
                if (Holder is not null)
                {
                    writer.WriteString("holder", Holder);
                }

                writer.WriteBoolean("shared", IsShared);
                writer.WriteBoolean("code_map", HasCodeMap);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        stream.WriteByte(0);
        return stream.ToArray();
    }

    // Null where a value is of the wrong kind.
    private static VersionOffer? Read(JsonElement capabilities)
    {
        if (capabilities.ValueKind != JsonValueKind.Object
            || Number(capabilities, "max_msg_fds", 1, most: 64) is not { } descriptors
            || Number(capabilities, "max_data_xfer_size", 1 << 20, most: 1 << 24) is not { } transfer)
        {
            return null;
        }

        VersionOffer offer = new() { MaxDescriptors = descriptors, MaxTransfer = transfer };
        if (!capabilities.TryGetProperty("viaduct", out JsonElement own) || own.ValueKind != JsonValueKind.Object)
        {
            return offer;
        }

        const int LongestHolder = 200;
        string? holder = own.TryGetProperty("holder", out JsonElement name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        return offer with
        {
            IsViaduct = true,
            Holder = holder is null ? null : string.Concat(holder.Where(c => !char.IsControl(c)).Take(LongestHolder)),
            IsShared = IsTrue(own, "shared"),
            HasCodeMap = IsTrue(own, "code_map"),
        };
    }

    private static bool IsTrue(JsonElement own, string name) => own.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    // Null where it is no number of at least one.
    private static int? Number(JsonElement capabilities, string name, int otherwise, int most)
    {
        if (!capabilities.TryGetProperty(name, out JsonElement value))
        {
            return otherwise;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number > 0 ? (int)Math.Min(number, most) : null;
    }
}
