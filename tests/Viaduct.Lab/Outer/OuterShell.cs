using System.Diagnostics;

namespace Viaduct.Lab.Outer;

/// <summary>An outer machine whose console is this terminal: <c>./test --lab-shell</c>.</summary>
internal static class OuterShell
{
    /// <summary>The command line's word for it.</summary>
    internal const string Command = "--shell";

    /// <summary>Runs it to its end.</summary>
    internal static int Run()
    {
        LabParts parts = LabParts.Made;
        OuterOptions options = new() { Name = "shell", Cpus = 2, NetworkPorts = 2 };
        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-lab-");
        try
        {
            Console.Error.WriteLine($"The outer machine starts, which takes half a minute. It has {folder.FullName} as /lab; 'exit' or Ctrl-A X ends it.");
            using Process process = Process.Start(OuterArguments.Loader(parts), OuterArguments.ForShell(parts, options, folder.FullName));
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
