namespace AlignGuard.Models.Decoders.Families;

/// <summary><c>layer_types</c>: how newer files say which layers see a window.</summary>
internal static class LayerKinds
{
    public static DecoderConfig Windowed(ConfigReader config, DecoderConfig shape, IReadOnlyList<string> kinds)
    {
        if (kinds.Count != shape.Layers || kinds.Any(k => k is not ("full_attention" or "sliding_attention"))) config.Refuse("layer_types", "one of full_attention and sliding_attention is needed for every layer.");
        if (!kinds.Contains("sliding_attention")) return shape;
        if (config.Integer("sliding_window") is not { } window)
        {
            config.Refuse("sliding_window", "layers of the kind sliding_attention need one.");
            return shape;
        }
        return shape with { Window = layer => layer < kinds.Count && kinds[layer] == "sliding_attention" ? window : null };
    }
}
