using System.Text.Json;
using System.Text.Json.Serialization;

namespace Viaduct.Assigned.Registry;

/// <summary>Records as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 4)]
[JsonSerializable(typeof(RegistryRecord))]
internal sealed partial class RegistryJson : JsonSerializerContext;
