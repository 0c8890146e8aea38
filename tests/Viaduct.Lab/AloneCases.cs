namespace Viaduct.Lab;

/// <summary>Cases that measure: no others run meanwhile.</summary>
[CollectionDefinition(nameof(AloneCases), DisableParallelization = true)]
public sealed class AloneCases : ICollectionFixture<AloneMachine>;
