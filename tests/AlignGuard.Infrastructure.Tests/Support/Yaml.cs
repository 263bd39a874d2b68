using YamlDotNet.RepresentationModel;

namespace AlignGuard.Infrastructure.Tests.Support;

/// <summary>YAML files of the repository, with anchors and merge keys worked in.</summary>
internal static class Yaml
{
    public static YamlMappingNode Read(string relative)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(Repository.Text(relative));
        stream.Load(reader);
        return (YamlMappingNode)Merged(stream.Documents.Single().RootNode);
    }

    /// <summary>The value at a path of keys; null where there is none.</summary>
    public static YamlNode? At(this YamlNode node, params string[] path)
    {
        YamlNode? at = node;
        foreach (var key in path) at = at is YamlMappingNode map && map.Children.TryGetValue(key, out var next) ? next : null;
        return at;
    }

    public static string? Text(this YamlNode node, params string[] path) => (node.At(path) as YamlScalarNode)?.Value;

    public static IEnumerable<string> Keys(this YamlNode? node) => node is YamlMappingNode map ? map.Children.Keys.Select(k => ((YamlScalarNode)k).Value!) : [];

    public static IEnumerable<string> Items(this YamlNode? node) => node is YamlSequenceNode list ? list.Children.OfType<YamlScalarNode>().Select(i => i.Value!) : [];

    // "<<": what the key names is filled in where the mapping has nothing of its own.
    private static YamlNode Merged(YamlNode node)
    {
        if (node is YamlSequenceNode list)
            foreach (var child in list.Children) Merged(child);
        if (node is not YamlMappingNode map) return node;
        if (map.Children.TryGetValue("<<", out var merged) && merged is YamlMappingNode source)
        {
            map.Children.Remove("<<");
            foreach (var (key, value) in ((YamlMappingNode)Merged(source)).Children)
                if (!map.Children.ContainsKey(key)) map.Children.Add(key, value);
        }
        foreach (var value in map.Children.Values.ToList()) Merged(value);
        return map;
    }
}
