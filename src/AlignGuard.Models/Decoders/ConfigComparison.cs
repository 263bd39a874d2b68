using System.Collections;
using System.Reflection;

namespace AlignGuard.Models.Decoders;

/// <summary>Whether two configurations describe one model; what differs from layer to layer is compared layer by layer.</summary>
public static class ConfigComparison
{
    /// <summary>Names of the properties that differ; what they were read from is not compared.</summary>
    public static IReadOnlyList<string> Differences(DecoderConfig a, DecoderConfig b) =>
        [.. typeof(DecoderConfig).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.Name is not (nameof(DecoderConfig.Json) or nameof(DecoderConfig.Notes)))
            .Where(p => !Same(p.GetValue(a), p.GetValue(b), Math.Max(a.Layers, b.Layers))).Select(p => p.Name)];

    private static bool Same(object? a, object? b, int layers) => (a, b) switch
    {
        (Func<int, int?> x, Func<int, int?> y) => Enumerable.Range(0, layers).All(l => x(l) == y(l)),
        (Func<int, int?> x, null) => Enumerable.Range(0, layers).All(l => x(l) is null),
        (null, Func<int, int?>) => Same(b, a, layers),
        (Func<int, double> x, Func<int, double> y) => Enumerable.Range(0, layers).All(l => x(l).Equals(y(l))),
        (IEnumerable x and not string, IEnumerable y and not string) => x.Cast<object?>().SequenceEqual(y.Cast<object?>()),
        (RopeConfig x, RopeConfig y) => typeof(RopeConfig).GetProperties().All(p => Same(p.GetValue(x), p.GetValue(y), layers)),
        _ => Equals(a, b),
    };
}
