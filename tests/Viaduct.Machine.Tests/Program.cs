using Viaduct.Machine.Tests.Hostile;
using Xunit.Runner.InProc.SystemConsole;

return args is [DurableGuest.Command, var path, var road, var direct]
    ? DurableGuest.Run(path, road, direct)
    : await ConsoleRunner.Run(args);
