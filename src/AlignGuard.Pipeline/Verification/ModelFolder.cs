using System.Text.Json;
using AlignGuard.Domain.Estimates;
using AlignGuard.Models;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.Safetensors;

namespace AlignGuard.Pipeline.Verification;

/// <summary>What is known of a model folder without computing with it; a folder with config.json alone will do.</summary>
/// <param name="Shape">Of the configuration.</param>
/// <param name="Dtype">That the configuration names, or that most weights have; null where neither says.</param>
/// <param name="StoredParameters">As many as the weights' files hold; null where there are none.</param>
/// <param name="Files">Name and bytes.</param>
/// <param name="ChatTemplate">Null = none.</param>
/// <param name="Parameters">By the configuration; a tied head counts once.</param>
/// <param name="Unestimated">Why memory and time cannot be estimated from the shape; null = they can.</param>
public sealed record ModelFolder(string Architecture, ModelShape Shape, long Parameters, string? Unestimated, int MaxPositions, string? Dtype, long? StoredParameters, IReadOnlyList<(string Name, long Bytes)> Files, string? ChatTemplate)
{
    /// <exception cref="ModelFormatException">All problems of the configuration, or of a weights' file's header.</exception>
    public static ModelFolder Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var config = ModelConfigFile.Load(path);
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = document.RootElement;
        List<(string Name, long Bytes)> files = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), new FileInfo(f).Length))];
        var tensors = files.Where(f => f.Name.EndsWith(".safetensors", StringComparison.Ordinal)).SelectMany(f => Tensors(Path.Combine(folder, f.Name))).ToList();
        var dtype = ModelConfigFile.StoredDtype(root) ?? tensors.GroupBy(t => t.Dtype).MaxBy(g => g.Sum(t => t.Elements))?.Key;
        var architecture = root.TryGetProperty("architectures", out var names) && names is { ValueKind: JsonValueKind.Array } && names.GetArrayLength() > 0 ? names[0].ToString() : Text(root, "model_type") ?? "?";
        return new ModelFolder(architecture, ShapeOf(config), DecoderShapes.Of(config).Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b)), Unlike(config), config.MaxPositions, dtype, tensors.Count == 0 ? null : tensors.Sum(t => t.Elements), files, Template(folder));
    }

    public static ModelShape ShapeOf(DecoderConfig c) => new(c.VocabSize, c.HiddenSize, c.IntermediateSize, c.Layers, c.Heads, c.KvHeads, c.HeadDim, c.TieWordEmbeddings, c.QkvBias && c.OutputBias, c.MlpBias);

    private static string? Unlike(DecoderConfig c) => c.Experts > 0 ? "a mixture of experts" : c.GatedMlp ? null : "a model without gated feed-forward parts";

    private static List<(string Dtype, long Elements)> Tensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return [.. file.Names.Select(file.Info).Select(t => (t.Dtype.ToString(), t.Count))];
    }

    private static string? Template(string folder)
    {
        if (File.Exists(Path.Combine(folder, "chat_template.jinja"))) return "chat_template.jinja";
        var path = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path)) return null;
        using var document = ModelJson.Read(path);
        return document.RootElement.TryGetProperty("chat_template", out var template) && template.ValueKind != JsonValueKind.Null ? "tokenizer_config.json" : null;
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
