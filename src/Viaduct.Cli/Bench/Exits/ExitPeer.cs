using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>The peer: a C program that does nothing but run the guest on KVM. It is compiled here.</summary>
internal sealed class ExitPeer : IDisposable
{
    private const string Compiler = "gcc";
    private const string Remedy = "on Debian: apt-get install gcc libc6-dev linux-libc-dev";

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ExitPeer(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Compiles the program.</summary>
    /// <param name="program">Where it is to be.</param>
    /// <exception cref="IOException">There is no compiler, or it refuses; the message says what to do.</exception>
    internal static void Compile(string program)
    {
        string source = program + ".c";
        using (Stream resource = typeof(ExitPeer).Assembly.GetManifestResourceStream("Viaduct.Cli.Bench.Exits.peer.c")!)
        using (FileStream file = File.Create(source))
        {
            resource.CopyTo(file);
        }

        try
        {
            using Process compiler = Start(Compiler, ["-O2", "-Wall", .. Definitions(), "-o", program, source]);
            compiler.StandardInput.Close();
            Task<string> output = compiler.StandardOutput.ReadToEndAsync();
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            if (compiler.ExitCode != 0)
            {
                throw new IOException($"{Compiler} can't compile the peer; {Remedy}\n{errors}{output.Result}");
            }
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new IOException($"{Compiler}, which compiles the peer, can't be started: {error.Message}; {Remedy}", error);
        }
        finally
        {
            File.Delete(source);
        }
    }

    /// <summary>Starts the program with a guest.</summary>
    /// <param name="program">The program.</param>
    /// <param name="image">The guest's memory.</param>
    internal static ExitPeer Run(string program, string image) => new(Start(program, [image]));

    /// <summary>Has the guest do so many accesses.</summary>
    /// <returns>Nanoseconds for one.</returns>
    /// <exception cref="IOException">The program ended.</exception>
    internal double Measure(int count)
    {
        _process.StandardInput.WriteLine(count.ToString(CultureInfo.InvariantCulture));
        _process.StandardInput.Flush();
        string? line = _process.StandardOutput.ReadLine();
        return line is null
            ? throw new IOException($"the peer ended: {_errors.Result.Trim()}")
            : double.Parse(line, CultureInfo.InvariantCulture) / count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // It ends with its input; one that is stuck in its guest doesn't.
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(2)))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    // What guest and peer must agree on.
    private static IEnumerable<string> Definitions()
    {
        (string Name, ulong Value)[] values =
        [
            ("MEMORY_LENGTH", ExitGuest.Length),
            ("ENTRY", ExitGuest.Boot.Rip),
            ("STACK", ExitGuest.Boot.Rsp),
            ("PAGE_TABLE", ExitGuest.Boot.PageTable),
            ("GDT_BASE", ExitGuest.Boot.GdtBase),
            ("GDT_LIMIT", ExitGuest.Boot.GdtLimit),
            ("DOORBELL_ADDRESS", ExitGuest.DoorbellAddress),
            ("MESSAGE_ADDRESS", ExitGuest.MessageAddress),
            ("VECTOR", ExitGuest.Vector),
            ("INTERRUPT_PORT", ExitGuest.InterruptPort),
        ];
        return values.Select(each => $"-D{each.Name}={each.Value}ull");
    }

    private static Process Start(string program, IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}
