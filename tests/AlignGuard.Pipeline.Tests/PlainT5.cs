using AlignGuard.Models.Networks;
using AlignGuard.Models.EncoderDecoders;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>T5 by its definition (Raffel et al. 2020, and transformers where the paper is silent): loops over 64-bit numbers, one row at a time, no tensor library.</summary>
internal sealed class PlainT5(EncoderDecoderModel model)
{
    private readonly EncoderDecoderConfig _c = model.Config;

    /// <summary>Logits [T][vocab] of decoder inputs, given a source.</summary>
    public double[][] Logits(int[] source, int[] ids)
    {
        var encoded = Stack("encoder", source, _c.EncoderLayers, null);
        var hidden = Stack("decoder", ids, _c.DecoderLayers, encoded);
        if (_c.ScaleOutputs) hidden = [.. hidden.Select(h => Scaled(h, 1 / Math.Sqrt(_c.HiddenSize)))];
        return Linear(_c.TieWordEmbeddings ? "shared" : "lm_head", hidden);
    }

    private double[][] Stack(string name, int[] ids, int layers, double[][]? encoded)
    {
        var embedding = Matrix("shared.weight");
        double[][] x = [.. ids.Select(id => embedding[id])];
        var bias = Matrix($"{name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        for (var n = 0; n < layers; n++)
        {
            var block = $"{name}.block.{n}.layer.";
            x = Sum(x, Attention($"{block}0.SelfAttention", Norm(x, $"{block}0.layer_norm"), null, (q, k, head) => encoded is not null && k > q ? double.NegativeInfinity : bias[Bucket(k - q, encoded is null)][head]));
            if (encoded is not null) x = Sum(x, Attention($"{block}1.EncDecAttention", Norm(x, $"{block}1.layer_norm"), encoded, (_, _, _) => 0));
            var mlp = encoded is null ? 1 : 2;
            x = Sum(x, FeedForward($"{block}{mlp}.DenseReluDense", Norm(x, $"{block}{mlp}.layer_norm")));
        }
        return Norm(x, $"{name}.final_layer_norm");
    }

    private double[][] Attention(string name, double[][] x, double[][]? seen, Func<int, int, int, double> added)
    {
        var (q, k, v) = (Linear($"{name}.q", x), Linear($"{name}.k", seen ?? x), Linear($"{name}.v", seen ?? x));
        var joined = x.Select(_ => new double[_c.Heads * _c.HeadDim]).ToArray();
        for (var head = 0; head < _c.Heads; head++)
            for (var t = 0; t < x.Length; t++)
            {
                var from = head * _c.HeadDim;
                var scores = k.Select((key, s) => Enumerable.Range(from, _c.HeadDim).Sum(d => q[t][d] * key[d]) + added(t, s, head)).ToArray();
                var top = scores.Max();
                var weights = scores.Select(score => Math.Exp(score - top)).ToArray();
                for (var d = from; d < from + _c.HeadDim; d++) joined[t][d] = weights.Zip(v, (w, value) => w * value[d]).Sum() / weights.Sum();
            }
        return Linear($"{name}.o", joined);
    }

    private double[][] FeedForward(string name, double[][] x)
    {
        if (!_c.GatedMlp) return Linear($"{name}.wo", [.. Linear($"{name}.wi", x).Select(h => h.Select(Act).ToArray())]);
        var (gate, up) = (Linear($"{name}.wi_0", x), Linear($"{name}.wi_1", x));
        return Linear($"{name}.wo", [.. gate.Zip(up, (g, u) => g.Zip(u, (a, b) => Act(a) * b).ToArray())]);
    }

    private double Act(double x) => _c.Activation == Activation.Relu ? Math.Max(0, x) : 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    private int Bucket(int relative, bool bidirectional)
    {
        var buckets = bidirectional ? _c.Buckets / 2 : _c.Buckets;
        var direction = bidirectional && relative > 0 ? buckets : 0;
        var distance = bidirectional ? Math.Abs(relative) : Math.Max(0, -relative);
        var exact = buckets / 2;
        if (distance < exact) return direction + distance;
        // A hair more, for logarithms that are whole numbers but for their last bit.
        return direction + Math.Min(buckets - 1, exact + (int)(Math.Log((double)distance / exact) / Math.Log((double)_c.MaxDistance / exact) * (buckets - exact) + 1e-6));
    }

    private double[][] Norm(double[][] x, string name)
    {
        var weight = model.Weights[name + ".weight"].data<float>().ToArray();
        return [.. x.Select(row => row.Select((value, d) => value / Math.Sqrt(row.Sum(v => v * v) / row.Length + _c.NormEps) * weight[d]).ToArray())];
    }

    private double[][] Linear(string name, double[][] x)
    {
        var weight = Matrix(name + ".weight");
        return [.. x.Select(row => weight.Select(w => w.Zip(row, (a, b) => a * b).Sum()).ToArray())];
    }

    private double[][] Matrix(string name)
    {
        var tensor = model.Weights[name];
        return [.. tensor.data<float>().ToArray().Select(v => (double)v).Chunk((int)tensor.shape[1])];
    }

    private static double[][] Sum(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p + q).ToArray())];

    private static double[] Scaled(double[] row, double by) => [.. row.Select(v => v * by)];
}
