using System.ComponentModel;
using System.Diagnostics;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>QEMU as it is installed here, or where the user says.</summary>
/// <param name="Path">The program.</param>
/// <param name="Version">For people: "QEMU 11.1.2".</param>
internal sealed record QemuProgram(string Path, string Version)
{
    private const string Program = "qemu-system-x86_64";
    private const string Remedy = "'apt-get install qemu-system-x86' brings it, --qemu PATH names another";

    /// <summary>Finds it.</summary>
    /// <param name="path">Where the user says that it is, or null for the one on PATH.</param>
    /// <param name="problem">Why there is none, and what to do.</param>
    /// <returns>Null where there is none that starts.</returns>
    internal static QemuProgram? Find(string? path, out string? problem)
    {
        ProcessStartInfo start = new(path ?? Program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            string[] words = output.Split(' ', '\n');
            int version = Array.IndexOf(words, "version") + 1;
            if (process.ExitCode == 0 && version > 0 && version < words.Length)
            {
                problem = null;
                return new QemuProgram(path ?? Program, "QEMU " + words[version]);
            }

            problem = $"{path ?? Program} --version failed: {errors.Result.Trim()}; {Remedy}";
        }
        catch (Win32Exception error)
        {
            problem = $"{path ?? Program} can't be run ({new Win32Exception(error.NativeErrorCode).Message}): {Remedy}";
        }

        return null;
    }
}
