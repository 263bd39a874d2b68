using System.Text.Json.Nodes;

namespace AlignGuard.Infrastructure.Tests.Bicep;

/// <summary>A resource that would be made. What only Azure knows (an address, a principal's id) is left in it as an expression in brackets.</summary>
/// <param name="Scope">Id of the resource that it lies on, for role assignments and diagnostic settings; else its own id.</param>
internal sealed record Resource(string Type, string Name, string ApiVersion, string Id, string Scope, JsonNode Json)
{
    /// <summary>The value at a path of names and indices, <c>properties.sku.name</c>; null where there is none.</summary>
    public JsonNode? At(string path)
    {
        JsonNode? node = Json;
        foreach (var part in path.Split('.'))
            node = node switch
            {
                JsonObject o => o[part],
                JsonArray a when int.TryParse(part, out var index) && index < a.Count => a[index],
                _ => null,
            };
        return node;
    }

    public string? Text(string path) => At(path) is JsonValue value ? value.ToString() : null;
}

/// <summary>Everything that a deployment with one parameter file would make.</summary>
internal sealed record Deployment(IReadOnlyList<Resource> Resources, JsonObject Outputs)
{
    private const string Role = "Microsoft.Authorization/roleAssignments", Diagnostic = "Microsoft.Insights/diagnosticSettings";

    public IEnumerable<Resource> Of(string type) => Resources.Where(r => r.Type == type);

    public IEnumerable<Resource> Roles => Of(Role);

    public IEnumerable<Resource> Diagnostics => Of(Diagnostic);

    /// <summary>The container app that azd deploys that service to.</summary>
    public Resource App(string service) => Of("Microsoft.App/containerApps").Single(a => a.Json["tags"]?["azd-service-name"]?.ToString() == service);

    public static Deployment Read(string file)
    {
        var root = JsonNode.Parse(File.ReadAllText(file))!;
        var problems = root["diagnostics"]!.AsArray();
        if (problems.Count > 0) throw new InvalidOperationException($"{file}: {problems.ToJsonString()}");
        return new Deployment([.. root["predictedResources"]!.AsArray().Select(r => Of(r!))], root["outputs"]!.AsObject());
    }

    private static Resource Of(JsonNode json)
    {
        var type = json["type"]!.ToString();
        var id = json["id"]?.ToString() ?? "";
        var extends = type is Role or Diagnostic ? id.LastIndexOf($"/providers/{type}/", StringComparison.Ordinal) : -1;
        return new Resource(type, json["name"]!.ToString(), json["apiVersion"]!.ToString(), id, extends >= 0 ? id[..extends] : id, json);
    }
}
