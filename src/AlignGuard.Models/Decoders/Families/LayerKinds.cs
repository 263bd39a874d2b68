namespace AlignGuard.Models.Decoders.Families;

/// <summary><c>layer_types</c>: how newer files say which layers see a window.</summary>
internal static class LayerKinds
{
    /// <param name="window">Tokens that a layer of the kind sliding_attention sees; null = the file gives none.</param>
    public static DecoderConfig Windowed(ConfigReader config, DecoderConfig shape, IReadOnlyList<string> kinds, int? window)
    {
        if (kinds.Count != shape.Layers || kinds.Any(k => k is not ("full_attention" or "sliding_attention"))) config.Refuse("layer_types", "one of full_attention and sliding_attention is needed for every layer.");
        if (!kinds.Contains("sliding_attention")) return shape;
        if (window is null)
        {
            config.Refuse("sliding_window", "layers of the kind sliding_attention need one (Qwen: with use_sliding_window).");
            return shape;
        }
        return shape with { Window = layer => layer < kinds.Count && kinds[layer] == "sliding_attention" ? window : null };
    }
}
