using Viaduct.Backends.Tests.Block;
using Xunit.Runner.InProc.SystemConsole;

return args is [DurableWriter.Command, var path, var engine]
    ? DurableWriter.Run(path, engine)
    : await ConsoleRunner.Run(args);
