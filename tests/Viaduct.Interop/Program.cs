using Viaduct.Interop;
using Xunit.Runner.InProc.SystemConsole;

return args is [VerifiedWriter.Command, var socket, var first]
    ? VerifiedWriter.Run(socket, first)
    : await ConsoleRunner.Run(args);
