using Viaduct.Interop;
using Xunit.Runner.InProc.SystemConsole;

return args switch
{
    [VerifiedWriter.Command, var socket, var namespaceId, var first] => VerifiedWriter.Run(socket, namespaceId, first),
    [HostileHolder.Command, var socket, var kind, var seed, var steps] => HostileHolder.Run(socket, kind, seed, steps),
    [FairnessRun.Command, .. var options] => FairnessRun.Run(options),
    _ => await ConsoleRunner.Run(args),
};
