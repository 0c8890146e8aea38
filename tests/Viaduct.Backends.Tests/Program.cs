using Viaduct.Backends.Tests.Block;
using Viaduct.Backends.Tests.Network.Switch;
using Viaduct.Backends.Tests.Network.Tap;
using Xunit.Runner.InProc.SystemConsole;

return args switch
{
    [DurableWriter.Command, var path, var engine] => DurableWriter.Run(path, engine),
    [SwitchProcess.Command, var folder] => SwitchProcess.Run(folder),
    [TapProcess.Command, var test] => TapProcess.Run(test),
    _ => await ConsoleRunner.Run(args),
};
