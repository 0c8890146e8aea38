namespace Viaduct.Assigned.Registry;

/// <summary>A device that the registry knows of.</summary>
/// <param name="Device">What it was claimed by: the address of a host's function (<c>0000:01:10.0</c>), or the folder of a served controller.</param>
/// <param name="Holder">Who has it, or had it last.</param>
/// <param name="IsHeld">Whether that process has it still.</param>
/// <param name="Note">What a holder wrote down to be put right should it end without doing so; empty where nothing is left.</param>
public sealed record RegistryEntry(string Device, DeviceHolder Holder, bool IsHeld, IReadOnlyDictionary<string, string> Note);
