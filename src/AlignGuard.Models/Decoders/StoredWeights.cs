using AlignGuard.Models.Networks;
using AlignGuard.Models.Safetensors;

namespace AlignGuard.Models.Decoders;

/// <summary>
/// Where a checkpoint keeps the tensors of a decoder that it names otherwise: files of GPT-2's base class leave the model's own name out; newer Mixtral files hold all experts of a layer in two tensors,
/// <c>mlp.experts.gate_up_proj</c> [experts, 2 · wide, hidden] with the gates' rows first, and <c>mlp.experts.down_proj</c> [experts, hidden, wide], and call the router <c>mlp.gate</c>.
/// </summary>
internal static class StoredWeights
{
    public static IReadOnlyList<WantedTensor> Of(DecoderConfig config, Checkpoint checkpoint)
    {
        var packed = config.Experts > 0 && checkpoint.Names.Any(n => n.EndsWith(".mlp.experts.gate_up_proj", StringComparison.Ordinal)) ? Packed(config) : [];
        return [.. DecoderShapes.Of(config).Select(t => packed.GetValueOrDefault(t.Name) ?? new WantedTensor(t.Name, t.Shape, Named(checkpoint, t.Name), DecoderShapes.IsTransposed(config, t.Name, t.Shape)))];
    }

    private static string Named(Checkpoint checkpoint, string name)
    {
        const string Own = "transformer.";
        return name.StartsWith(Own, StringComparison.Ordinal) && !checkpoint.Contains(name) && checkpoint.Contains(name[Own.Length..]) ? name[Own.Length..] : name;
    }

    private static Dictionary<string, WantedTensor> Packed(DecoderConfig c)
    {
        var n = c.Names;
        long experts = c.Experts, wide = c.IntermediateSize, hidden = c.HiddenSize;
        var places = new Dictionary<string, WantedTensor>();
        for (var layer = 0; layer < c.Layers; layer++)
        {
            var prefix = n.Of(layer);
            Add(new($"{prefix}{n.Router}.weight", [experts, hidden], $"{prefix}mlp.gate.weight"));
            for (var e = 0; e < c.Experts; e++)
            {
                var expert = prefix + n.OfExpert(e);
                Add(new($"{expert}{n.Gate}.weight", [wide, hidden], $"{prefix}mlp.experts.gate_up_proj") { Pack = new([experts, 2 * wide, hidden], e, 0) });
                Add(new($"{expert}{n.Up}.weight", [wide, hidden], $"{prefix}mlp.experts.gate_up_proj") { Pack = new([experts, 2 * wide, hidden], e, wide) });
                Add(new($"{expert}{n.Down}.weight", [hidden, wide], $"{prefix}mlp.experts.down_proj") { Pack = new([experts, hidden, wide], e, 0) });
            }
        }
        return places;

        void Add(WantedTensor tensor) => places.Add(tensor.Name, tensor);
    }
}
