using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Viaduct.Engines.Kvm.Tests.Interop;

/// <summary>The kernel's own headers, asked by a C program that is compiled for it.</summary>
internal static class KernelHeaders
{
    private const string Remedy = "on Debian: apt-get install gcc libc6-dev linux-libc-dev";

    /// <summary>The values of C expressions over linux/kvm.h, in their order.</summary>
    public static IReadOnlyList<ulong> Evaluate(IReadOnlyList<string> expressions)
    {
        StringBuilder source = new("#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/kvm.h>\nint main(void) {\n");
        foreach (string expression in expressions)
        {
            _ = source.Append(CultureInfo.InvariantCulture, $"printf(\"%llu\\n\", (unsigned long long)({expression}));\n");
        }

        _ = source.Append("return 0; }\n");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-headers-");
        try
        {
            string program = Path.Combine(folder.FullName, "program");
            File.WriteAllText(program + ".c", source.ToString());
            _ = Run("cc", program + ".c", "-o", program);
            return [.. Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => ulong.Parse(line, CultureInfo.InvariantCulture))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{program}: {errors.Result}; are the kernel's headers there? {Remedy}");
            return output;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            Assert.Fail($"{program}: {error.Message}; {Remedy}");
            throw;
        }
    }
}
