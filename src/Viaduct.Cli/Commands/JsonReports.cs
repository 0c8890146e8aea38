using System.Text.Json;
using System.Text.Json.Serialization;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Demo;
using Viaduct.Cli.Doctor;
using Viaduct.Cli.Lab;
using Viaduct.Cli.Serve;
using Viaduct.Cli.Sriov;

namespace Viaduct.Cli.Commands;

/// <summary>The reports that <c>--json</c> writes, one object on one line of standard output.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(DemoReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(EngineRun))]
[JsonSerializable(typeof(ServeReport))]
[JsonSerializable(typeof(LabReport))]
[JsonSerializable(typeof(SriovReport))]
internal sealed partial class JsonReports : JsonSerializerContext;
