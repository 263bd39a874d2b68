using System.Text.Json;
using AlignGuard.Domain.Estimates;
using AlignGuard.Models;
using AlignGuard.Models.Decoders;
using AlignGuard.Models.EncoderDecoders;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;
using Microsoft.FSharp.Collections;

namespace AlignGuard.Pipeline.Verification;

/// <summary>What is known of a model folder without computing with it; a folder with config.json alone will do.</summary>
/// <param name="Shape">Of the configuration.</param>
/// <param name="MaxPositions">int.MaxValue = any length.</param>
/// <param name="Dtype">That the configuration names, or that most weights have; null where neither says.</param>
/// <param name="StoredParameters">As many as the weights' files hold; null where there are none.</param>
/// <param name="Files">Name and bytes.</param>
/// <param name="ChatTemplate">Null = none.</param>
public sealed record ModelFolder(string Architecture, ModelShape Shape, int MaxPositions, string? Dtype, long? StoredParameters, IReadOnlyList<(string Name, long Bytes)> Files, string? ChatTemplate)
{
    /// <summary>By the configuration; a tied head counts once.</summary>
    public long Parameters => Shape.Parameters;

    /// <summary>What is computed otherwise than a reader of the configuration might expect.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Null = nobody noted it.</summary>
    public ModelRevision? Revision { get; init; }

    /// <exception cref="ModelFormatException">All problems of the configuration, or of a weights' file's header.</exception>
    public static ModelFolder Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        using var document = ModelJson.Read(path);
        var root = document.RootElement;
        List<(string Name, long Bytes)> files = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(f => (Path.GetFileName(f), new FileInfo(f).Length))];
        var tensors = files.Any(f => f.Name is Checkpoint.SingleFile or Checkpoint.IndexFile) ? Tensors(folder) : [];
        var dtype = ModelConfigFile.StoredDtype(root) ?? tensors.GroupBy(t => t.Dtype).MaxBy(g => g.Sum(t => t.Elements))?.Key;
        var architecture = root.TryGetProperty("architectures", out var names) && names is { ValueKind: JsonValueKind.Array } && names.GetArrayLength() > 0 ? names[0].ToString() : Text(root, "model_type") ?? "?";
        long? stored = tensors.Count == 0 ? null : tensors.Sum(t => t.Elements);
        if (LanguageCheckpoint.DecoderStartId(folder) is not null)
        {
            var pair = EncoderDecoderConfigFile.Load(path);
            return new ModelFolder(architecture, ShapeOf(pair), int.MaxValue, dtype, stored, files, Template(folder)) { Revision = ModelRevision.Of(folder) };
        }
        var config = ModelConfigFile.Load(path);
        return new ModelFolder(architecture, ShapeOf(config), config.MaxPositions, dtype, stored, files, Template(folder)) { Notes = config.Notes, Revision = ModelRevision.Of(folder) };
    }

    private static long Count(IEnumerable<(string Name, long[] Shape)> tensors) => tensors.Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b));

    private static ModelShape ShapeOf(EncoderDecoderConfig c)
    {
        // Their scores are written out, and the shares are kept.
        return new(c.VocabSize, c.HiddenSize, c.IntermediateSize, c.Heads, c.Heads, c.HeadDim, c.TieWordEmbeddings, Count(EncoderDecoderShapes.Of(c)),
            ListModule.OfSeq([Stack("encoder", c.EncoderLayers, Side.Source), Stack("decoder", c.DecoderLayers, Side.Target)]), KeptOf(c.Activation, c.GatedMlp), 0, 1);

        StackShape Stack(string name, int layers, Side side)
        {
            var block = name + ".block.{0}.";
            var linears = LinearsOf(EncoderDecoderShapes.Of(c with { EncoderLayers = Math.Min(layers, 1), DecoderLayers = Math.Min(layers, 1) }), block)
                .Where(l => !l.Name.EndsWith(".relative_attention_bias", StringComparison.Ordinal))
                .Select(l => new LinearShape(l.Name, l.Out, l.In, 1, IsOfSource(l.Name) ? Side.Source : side));
            return new StackShape(block, layers, ListModule.OfSeq(linears), name == "decoder" ? 3 : 2, side, name == "decoder");
        }

        static bool IsOfSource(string name) => name.EndsWith("EncDecAttention.k", StringComparison.Ordinal) || name.EndsWith("EncDecAttention.v", StringComparison.Ordinal);
    }

    public static ModelShape ShapeOf(DecoderConfig c)
    {
        var experts = c.Experts == 0 ? null : c.Names.Expert[..c.Names.Expert.IndexOf("{0}", StringComparison.Ordinal)];
        var linears = LinearsOf(DecoderShapes.Of(c with { Layers = 1 }), c.Names.Layer).Select(l =>
            new LinearShape(l.Name, l.Out, l.In, experts is not null && l.Name.StartsWith(experts, StringComparison.Ordinal) ? (double)c.ExpertsPerToken / c.Experts : 1, Side.Target));
        return new(c.VocabSize, c.HiddenSize, c.IntermediateSize, c.Heads, c.KvHeads, c.HeadDim, c.TieWordEmbeddings, Count(DecoderShapes.Of(c)),
            ListModule.OfSeq([new StackShape(c.Names.Layer, c.Layers, ListModule.OfSeq(linears), c.PostNorms ? 4 : 2, Side.Target, false)]), KeptOf(c.Activation, c.GatedMlp), c.ExpertsPerToken, c.AttentionSoftcap is null ? 0 : 2);
    }

    /// <summary>The weights of the first block that are linear layers, all matrices that it has: their names within it, and shapes.</summary>
    private static IEnumerable<(string Name, int Out, int In)> LinearsOf(IEnumerable<(string Name, long[] Shape)> tensors, string block)
    {
        var prefix = block.Replace("{0}", "0", StringComparison.Ordinal);
        foreach (var (name, shape) in tensors)
            if (shape.Length == 2 && name.StartsWith(prefix, StringComparison.Ordinal)) yield return (name[prefix.Length..^".weight".Length], (int)shape[0], (int)shape[1]);
    }

    /// <summary>GELU by its formula keeps its argument, half of it, the hyperbolic tangent and one more than that; the others their argument alone. Then there are the last layer's input and, of a gated part, both factors.</summary>
    private static int KeptOf(Activation activation, bool gated) => (activation == Activation.GeluTanh ? 4 : 1) + 1 + (gated ? 2 : 0);

    /// <summary>Of the weights that a model is loaded from; other safetensors files may lie beside them.</summary>
    private static List<(string Dtype, long Elements)> Tensors(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return [.. checkpoint.Names.Select(checkpoint.Info).Select(t => (t.Dtype.ToString(), t.Count))];
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
