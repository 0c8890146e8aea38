namespace Viaduct.Lab;

/// <summary>The cases that share <see cref="PlainMachine"/>, one after the other.</summary>
[CollectionDefinition(nameof(PlainCases))]
public sealed class PlainCases : ICollectionFixture<PlainMachine>;
