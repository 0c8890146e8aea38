namespace Viaduct.Platform.Pci;

/// <summary>A register whose value is looked up when it matters: a write has an effect, a reset needs nothing.</summary>
internal sealed class SteeringRegister : IConfigRegisters
{
    private readonly ConfigEffects _effects;

    internal SteeringRegister(ConfigEffects effects) => _effects = effects;

    public ConfigEffects Written() => _effects;

    public void Reset()
    {
    }
}
