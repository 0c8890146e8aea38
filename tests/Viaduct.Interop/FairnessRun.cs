namespace Viaduct.Interop;

internal static class FairnessRun
{
    internal const string Command = "fairness";
    internal static int Run(string[] options) => options.Length;
}
