using System.Globalization;
using System.Text;
using Viaduct.Machine.GuestParts;
using Xunit;

namespace Viaduct.Machine.Tests.GuestParts;

public sealed class CpioArchiveTests
{
    [Fact]
    public void Finish_FilesFoldersAndLinks_ReadBack()
    {
        CpioArchive archive = new();
        archive.AddFile("usr/bin/tool", [1, 2, 3, 4, 5], executable: true);
        archive.AddFile("etc/conf", "x"u8);
        archive.AddLink("bin", "usr/bin");
        archive.AddFolder("usr/bin");
        Assert.Equal(
            ["usr 40755 ", "usr/bin 40755 ", "usr/bin/tool 100755 0102030405", "etc 40755 ", "etc/conf 100644 78", "bin 120777 7573722f62696e"],
            Read(archive.Finish()));
    }

    [Fact]
    public void Finish_Nothing_IsATrailer() => Assert.Empty(Read(new CpioArchive().Finish()));

    // Entries as "name mode contents", modes in octal, contents in hexadecimal, until the trailer.
    private static List<string> Read(byte[] archive)
    {
        List<string> entries = [];
        for (int at = 0; ;)
        {
            Assert.Equal("070701", Encoding.ASCII.GetString(archive, at, 6));
            int[] fields = [.. Enumerable.Range(0, 13).Select(i => int.Parse(Encoding.ASCII.GetString(archive, at + 6 + (i * 8), 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            string name = Encoding.ASCII.GetString(archive, at + 110, fields[11] - 1);
            Assert.Equal(0, archive[at + 110 + fields[11] - 1]);
            int contents = (at + 110 + fields[11] + 3) & ~3;
            if (name == "TRAILER!!!")
            {
                return entries;
            }

            entries.Add($"{name} {Convert.ToString(fields[1], 8)} {Convert.ToHexStringLower(archive, contents, fields[6])}");
            at = (contents + fields[6] + 3) & ~3;
        }
    }
}
