using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Llama2c;

/// <summary>
/// The weights of a checkpoint of llama2.c under their Hugging Face names. Each kind lies in one block, layer after layer. llama2.c turns neighbouring elements of a head together, Hugging Face
/// those half a head apart: rows of queries and keys change their places accordingly.
/// </summary>
internal static class Llama2cWeights
{
    /// <summary>Reads from behind the header to the end, tensors float32.</summary>
    /// <exception cref="Llama2cException">A weight that is no finite number.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(FileStream file, Llama2cHeader h)
    {
        var weights = new Dictionary<string, Tensor>();
        long hidden = h.Hidden, kv = (long)h.KvHeads * h.HeadDim, wide = h.Intermediate;
        One("model.embed_tokens", h.Vocabulary, hidden);
        Each("input_layernorm", hidden);
        Each("self_attn.q_proj", hidden, hidden, h.Heads);
        Each("self_attn.k_proj", kv, hidden, h.KvHeads);
        Each("self_attn.v_proj", kv, hidden);
        Each("self_attn.o_proj", hidden, hidden);
        Each("post_attention_layernorm", hidden);
        Each("mlp.gate_proj", wide, hidden);
        Each("mlp.down_proj", hidden, wide);
        Each("mlp.up_proj", wide, hidden);
        One("model.norm", hidden);
        // cos and sin, which follow from the sizes.
        file.Seek((long)h.Positions * h.HeadDim * sizeof(float), SeekOrigin.Current);
        if (!h.TiedHead) One("lm_head", h.Vocabulary, hidden);
        return weights;

        void One(string name, params long[] shape) => weights.Add(name + ".weight", Next(file, name, shape));

        void Each(string name, long rows, long columns = 0, int turned = 0)
        {
            for (var layer = 0; layer < h.Layers; layer++)
            {
                var full = $"model.layers.{layer}.{name}";
                var tensor = Next(file, full, columns == 0 ? [rows] : [rows, columns]);
                weights.Add(full + ".weight", turned == 0 ? tensor : tensor.view(turned, h.HeadDim / 2, 2, columns).transpose(1, 2).reshape(rows, columns));
            }
        }
    }

    private static Tensor Next(FileStream file, string name, long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        // A piece at a time: spans end at 2 GiB.
        for (var from = 0; from < values.Length; from += 1 << 24)
            Llama2cFile.Fill(file, MemoryMarshal.AsBytes(values.AsSpan(from, Math.Min(1 << 24, values.Length - from))));
        var bad = Array.FindIndex(values, v => !float.IsFinite(v));
        if (bad >= 0) throw new Llama2cException(Llama2cFault.NonFinite, file.Name, $"{name}: value {bad:N0} is {values[bad]}: the file is damaged, or the training that wrote it diverged.");
        return tensor(values, shape);
    }
}
