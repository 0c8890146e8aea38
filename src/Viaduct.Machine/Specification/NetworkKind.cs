namespace Viaduct.Machine.Specification;

/// <summary>What a network card's cable is plugged into.</summary>
public enum NetworkKind
{
    /// <summary>Nothing: the link is down.</summary>
    None,

    /// <summary>An interface of the host's kernel.</summary>
    Tap,

    /// <summary>A network of the user's own, by the program passt.</summary>
    Passt,

    /// <summary>A switch that guests share.</summary>
    Switch,
}
