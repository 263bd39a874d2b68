using System.Text;

namespace AlignGuard.Models.Tests.Llama2c;

/// <summary>A tiny checkpoint of llama2.c with random weights, and what llama2.c computes with it: doubles and plain loops over the file's own order.</summary>
internal sealed class Llama2cSample
{
    public const int Hidden = 12, Wide = 20, Layers = 2, Heads = 3, KvHeads = 1, Vocabulary = 262, Positions = 16, HeadDim = Hidden / Heads;
    private const int Kv = KvHeads * HeadDim;

    private readonly bool _tied;
    private readonly Dictionary<string, float[]> _blocks = [];

    public Llama2cSample(bool tied, int seed = 1)
    {
        _tied = tied;
        var random = new Random(seed);
        foreach (var (name, count) in new[]
        {
            ("embedding", Vocabulary * Hidden), ("attentionNorm", Layers * Hidden), ("wq", Layers * Hidden * Hidden), ("wk", Layers * Kv * Hidden), ("wv", Layers * Kv * Hidden), ("wo", Layers * Hidden * Hidden),
            ("mlpNorm", Layers * Hidden), ("w1", Layers * Wide * Hidden), ("w2", Layers * Hidden * Wide), ("w3", Layers * Wide * Hidden), ("norm", Hidden), ("tables", Positions * HeadDim), ("head", tied ? 0 : Vocabulary * Hidden),
        })
            _blocks.Add(name, [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))]);
    }

    public byte[] Checkpoint()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var size in new[] { Hidden, Wide, Layers, Heads, KvHeads, _tied ? Vocabulary : -Vocabulary, Positions }) writer.Write(size);
        foreach (var value in _blocks.Values.SelectMany(b => b)) writer.Write(value);
        return stream.ToArray();
    }

    public static byte[] Tokenizer()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        string[] tokens = ["<unk>", "\n<s>\n", "\n</s>\n", .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), " ", "a", " a"];
        writer.Write(tokens.Max(Encoding.UTF8.GetByteCount));
        foreach (var (id, token) in tokens.Index())
        {
            writer.Write((float)-id);
            writer.Write(Encoding.UTF8.GetByteCount(token));
            writer.Write(Encoding.UTF8.GetBytes(token));
        }
        return stream.ToArray();
    }

    /// <summary>Logits after each token.</summary>
    public double[][] Logits(int[] ids)
    {
        var (keys, values) = (new double[Layers, Positions, Kv], new double[Layers, Positions, Kv]);
        return [.. ids.Select((id, t) =>
        {
            var x = Part("embedding", id, Hidden);
            for (var l = 0; l < Layers; l++)
            {
                var normed = Rms(x, Part("attentionNorm", l, Hidden));
                var (q, k, v) = (Turned(Times("wq", l, Hidden, normed), t), Turned(Times("wk", l, Kv, normed), t), Times("wv", l, Kv, normed));
                for (var i = 0; i < Kv; i++) (keys[l, t, i], values[l, t, i]) = (k[i], v[i]);
                var attended = new double[Hidden];
                for (var h = 0; h < Heads; h++)
                {
                    var (own, group) = (h * HeadDim, h * KvHeads / Heads * HeadDim);
                    var weights = Enumerable.Range(0, t + 1).Select(s => Math.Exp(Enumerable.Range(0, HeadDim).Sum(i => q[own + i] * keys[l, s, group + i]) / Math.Sqrt(HeadDim))).ToArray();
                    for (var s = 0; s <= t; s++)
                        for (var i = 0; i < HeadDim; i++) attended[own + i] += weights[s] / weights.Sum() * values[l, s, group + i];
                }
                x = Add(x, Times("wo", l, Hidden, attended));
                normed = Rms(x, Part("mlpNorm", l, Hidden));
                var gate = Times("w1", l, Wide, normed);
                var up = Times("w3", l, Wide, normed);
                x = Add(x, Times("w2", l, Hidden, [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]));
            }
            return Times(_tied ? "embedding" : "head", 0, Vocabulary, Rms(x, Part("norm", 0, Hidden)));
        })];
    }

    /// <summary>Neighbours 2i and 2i + 1 of a head turn together.</summary>
    private static double[] Turned(double[] x, int t)
    {
        var y = new double[x.Length];
        for (var i = 0; i < x.Length; i += 2)
        {
            var angle = t * Math.Pow(10000, -(double)(i % HeadDim) / HeadDim);
            y[i] = x[i] * Math.Cos(angle) - x[i + 1] * Math.Sin(angle);
            y[i + 1] = x[i] * Math.Sin(angle) + x[i + 1] * Math.Cos(angle);
        }
        return y;
    }

    private static double[] Rms(double[] x, double[] w)
    {
        var rms = Math.Sqrt(x.Sum(e => e * e) / x.Length + 1e-5);
        return [.. x.Zip(w, (e, f) => f * e / rms)];
    }

    private double[] Times(string block, int layer, int rows, double[] x)
    {
        var w = _blocks[block];
        return [.. Enumerable.Range(0, rows).Select(r => x.Select((e, c) => e * w[(layer * rows + r) * x.Length + c]).Sum())];
    }

    private double[] Part(string block, int index, int length) => [.. _blocks[block].Skip(index * length).Take(length).Select(v => (double)v)];

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
