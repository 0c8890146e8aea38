using System.CommandLine;
using Viaduct.Cli.Commands;

RootCommand root = new("""
    Viaduct runs virtual machines, and shows the four roads by which a guest's I/O reaches a device.

    Start with 'viaduct demo': it boots a stock Linux and measures each road on this machine.
    """)
{
    RunCommand.Create(),
    ServeCommand.Create(),
    SriovCommand.Create(),
    UpCommand.Create(),
    DemoCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
};

return await CommandHost.InvokeAsync(root, args);
