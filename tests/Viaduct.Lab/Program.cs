using Viaduct.Lab.Outer;
using Xunit.Runner.InProc.SystemConsole;

return args switch
{
    [OuterShell.Command] => OuterShell.Run(),
    _ => await ConsoleRunner.Run(args),
};
