using System.ComponentModel;
using System.Diagnostics;

namespace Viaduct.Interop;

/// <summary>
/// A QEMU that takes devices over vfio-user (10.1 and later): the one, or the script that starts one, that VIADUCT_QEMU
/// names; otherwise the one on PATH.
/// </summary>
internal static class VfioUserQemu
{
    internal const string Device = "vfio-user-pci";
    private const string Variable = "VIADUCT_QEMU";
    private const string OnPath = "qemu-system-x86_64";

    private static readonly Lazy<(string? Program, string Problem)> _found = new(Find);

    /// <summary>The program; the test is skipped, and says why, where there is none.</summary>
    internal static string Require()
    {
        (string? program, string problem) = _found.Value;
        Assert.SkipWhen(program is null, problem);
        return program!;
    }

    private static (string? Program, string Problem) Find()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        bool isNamed = !string.IsNullOrEmpty(named);
        string program = isNamed ? named! : OnPath;
        try
        {
            ProcessStartInfo start = new(program, ["-device", "help"]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string devices = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (devices.Contains($"\"{Device}\"", StringComparison.Ordinal))
            {
                return (program, "");
            }

            string said = process.ExitCode == 0 ? $"it has no {Device}, which QEMU has from 10.1 on" : $"it ended with status {process.ExitCode}: {errors.Result.Trim()}";
            return (null, $"no QEMU with {Device}: {program}: {said}; {Variable} names another");
        }
        catch (Win32Exception error) when (!isNamed)
        {
            return (null, $"no QEMU with {Device}: {OnPath} is not on PATH ({new Win32Exception(error.NativeErrorCode).Message}), and {Variable} names none");
        }
    }
}
