namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>Layer names without what all of them share: model.layers.0.self_attn.q_proj becomes 0.self_attn.q_proj.</summary>
internal static class LayerNames
{
    private const int Longest = 28;

    public static IReadOnlyList<string> Shorten(IReadOnlyList<string> names)
    {
        if (names.Count == 0) return names;
        var split = names.Select(n => n.Split('.')).ToList();
        // At least the last part of every name stays.
        var most = split.Min(s => s.Length) - 1;
        var common = 0;
        while (common < most && split.All(s => s[common] == split[0][common])) common++;
        if (names.Distinct().Count() == 1) common = 0;
        return [.. split.Select(s => Clip(string.Join('.', s.Skip(common))))];
    }

    // The end tells more than the beginning.
    private static string Clip(string name) => name.Length <= Longest ? name : "…" + name[^(Longest - 1)..];
}
