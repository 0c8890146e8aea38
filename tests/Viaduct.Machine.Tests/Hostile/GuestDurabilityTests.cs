using System.Buffers.Binary;
using System.Diagnostics;
using Viaduct.Platform.Accounting;
using Xunit;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>What a device told a guest to be durable survives the end of the monitor.</summary>
public sealed class GuestDurabilityTests
{
    [Theory]
    [InlineData(Road.Emulated, false)]
    [InlineData(Road.Emulated, true)]
    [InlineData(Road.Paravirtual, false)]
    [InlineData(Road.Paravirtual, true)]
    public void Kill9OfTheMonitor_LosesNothingThatTheGuestSawFlushed(Road road, bool direct)
    {
        const int Kills = 2;
        string path = Path.Combine(AppContext.BaseDirectory, $"durable-{Guid.NewGuid():N}.img");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(DurableGuest.Blocks * DurableGuest.BlockLength);
        }

        Random random = new(road.GetHashCode() + (direct ? 1000 : 0));
        for (int kill = 0; kill < Kills; kill++)
        {
            ulong acknowledged = RunAndKill(path, road, direct, after: random.Next(70, 160));
            byte[] disk = File.ReadAllBytes(path);
            for (ulong round = acknowledged - DurableGuest.Blocks + 1; round <= acknowledged; round++)
            {
                int block = (int)(round % DurableGuest.Blocks) * DurableGuest.BlockLength;
                for (int at = 0; at < DurableGuest.BlockLength; at += sizeof(ulong))
                {
                    ulong found = BinaryPrimitives.ReadUInt64LittleEndian(disk.AsSpan(block + at));

                    // Rounds that the guest did not get to tell of may lie over the oldest blocks.
                    Assert.True(found >= round && found % DurableGuest.Blocks == round % DurableGuest.Blocks, $"round {round} was acknowledged, {found} is there");
                }
            }
        }

        File.Delete(path);
    }

    private static ulong RunAndKill(string path, Road road, bool direct, int after)
    {
        using Process monitor = DurableGuest.Start(path, road, direct);
        Stream output = monitor.StandardOutput.BaseStream;
        byte[] word = new byte[sizeof(ulong)];
        ulong acknowledged = 0;
        for (int count = 1; output.ReadAtLeast(word, word.Length, throwOnEndOfStream: false) == word.Length; count++)
        {
            ulong round = BinaryPrimitives.ReadUInt64LittleEndian(word);
            Assert.Equal(acknowledged + 1, round);
            acknowledged = round;
            if (count == after)
            {
                monitor.Kill();
            }
        }

        monitor.WaitForExit();
        Assert.Equal(128 + 9, monitor.ExitCode);
        Assert.True(acknowledged >= (ulong)after);
        return acknowledged;
    }
}
