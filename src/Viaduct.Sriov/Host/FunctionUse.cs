using Viaduct.Assigned;

namespace Viaduct.Sriov.Host;

/// <summary>What uses a function right now.</summary>
/// <param name="Text">For people: <c>"guest 'a' (pid 17) since 12:00:01 UTC"</c>, <c>"this host: its network interface eth4 is up"</c>.</param>
/// <param name="Holder">The process that gave it to a guest, where it is known and one.</param>
/// <param name="Remedy">What would free the function.</param>
/// <param name="CanForce">Whether taking the function away all the same harms nothing but what uses it.</param>
public sealed record FunctionUse(string Text, DeviceHolder? Holder, string Remedy, bool CanForce);
