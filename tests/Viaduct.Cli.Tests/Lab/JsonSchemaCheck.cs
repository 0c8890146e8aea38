using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Viaduct.Cli.Lab.Yaml;

namespace Viaduct.Cli.Tests.Lab;

/// <summary>Checks a lab against the repository's JSON schema, as editors do: as much of JSON Schema as that uses. A keyword it doesn't know fails the test.</summary>
internal sealed class JsonSchemaCheck
{
    private readonly JsonObject _root;

    internal JsonSchemaCheck(string path) => _root = JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    internal JsonObject Definitions => _root["$defs"]!.AsObject();

    internal JsonObject Root => _root;

    internal bool Accepts(YamlNode node) => Accepts(_root, Convert(node));

    // YAML's core schema, as far as labs need it.
    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlScalar { Plain: true, Text: "true" or "false" } truth => JsonValue.Create(truth.Text == "true"),
        YamlScalar { Plain: true, Text: "" or "~" or "null" } => null,
        YamlScalar { Plain: true } scalar when long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => JsonValue.Create(number),
        YamlScalar scalar => JsonValue.Create(scalar.Text),
        YamlSequence sequence => new JsonArray([.. sequence.Items.Select(Convert)]),
        YamlMapping mapping => new JsonObject(mapping.Entries.Select(entry => KeyValuePair.Create(entry.Key.Text, Convert(entry.Value)))),
        _ => throw new InvalidOperationException(),
    };

    private bool Accepts(JsonObject schema, JsonNode? value) => schema.All(keyword => Accepts(schema, keyword.Key, keyword.Value!, value));

    private bool Accepts(JsonObject schema, string keyword, JsonNode rule, JsonNode? value) => keyword switch
    {
        "$schema" or "$defs" or "title" or "description" => true,
        "$ref" => Accepts(Definitions[((string)rule!)["#/$defs/".Length..]]!.AsObject(), value),
        "type" => (rule is JsonArray kinds ? kinds.Select(kind => (string)kind!) : [(string)rule!]).Contains(Kind(value)),
        "enum" => rule.AsArray().Any(word => JsonNode.DeepEquals(word, value)),
        "pattern" => value?.GetValueKind() != JsonValueKind.String || Regex.IsMatch((string)value!, (string)rule!),
        "minLength" => value?.GetValueKind() != JsonValueKind.String || ((string)value!).Length >= (int)rule,
        "minimum" => value?.GetValueKind() != JsonValueKind.Number || (long)value! >= (long)rule,
        "maximum" => value?.GetValueKind() != JsonValueKind.Number || (long)value! <= (long)rule,
        "minItems" => value is not JsonArray array || array.Count >= (int)rule,
        "items" => value is not JsonArray array || array.All(item => Accepts(rule.AsObject(), item)),
        "minProperties" => value is not JsonObject fields || fields.Count >= (int)rule,
        "maxProperties" => value is not JsonObject fields || fields.Count <= (int)rule,
        "propertyNames" => value is not JsonObject fields || fields.All(field => Accepts(rule.AsObject(), JsonValue.Create(field.Key))),
        "required" => value is not JsonObject fields || rule.AsArray().All(key => fields.ContainsKey((string)key!)),
        "properties" => value is not JsonObject fields || fields.All(field => rule[field.Key] is not JsonObject inner || Accepts(inner, field.Value)),
        "additionalProperties" => value is not JsonObject fields || fields.Where(field => schema["properties"]?[field.Key] is null).All(field => Extra(rule, field.Value)),
        "anyOf" => rule.AsArray().Any(choice => Accepts(choice!.AsObject(), value)),
        _ => throw new InvalidOperationException($"the schema uses '{keyword}', which this check doesn't know"),
    };

    private bool Extra(JsonNode rule, JsonNode? value) => rule is JsonObject schema ? Accepts(schema, value) : (bool)rule;

    private static string Kind(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => "integer",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Array => "array",
        JsonValueKind.Object => "object",
        _ => "null",
    };
}
