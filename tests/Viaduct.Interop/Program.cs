using Viaduct.Interop;
using Xunit.Runner.InProc.SystemConsole;

return args is [VerifiedWriter.Command, var socket, var namespaceId, var first]
    ? VerifiedWriter.Run(socket, namespaceId, first)
    : await ConsoleRunner.Run(args);
