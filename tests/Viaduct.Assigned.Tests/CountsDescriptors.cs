namespace Viaduct.Assigned.Tests;

/// <summary>Tests that count the process's descriptors, and so run by themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CountsDescriptors
{
    internal const string Name = "counts descriptors";
}
