using System.Text.Json;

namespace AlignGuard.Pipeline.Demo;

internal static class EmbeddedJson
{
    public static T Load<T>(string name)
    {
        using var stream = typeof(EmbeddedJson).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The embedded resource {name} is missing from AlignGuard.Pipeline.");
        return JsonSerializer.Deserialize<T>(stream, JsonSerializerOptions.Web)
            ?? throw new InvalidOperationException($"The embedded resource {name} is empty.");
    }
}
