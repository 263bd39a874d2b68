using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Tests;

/// <summary>The optimizer against its definition (Loshchilov and Hutter 2019, algorithm 2; the gradient clipped by its global norm), number by number in double precision.</summary>
[Collection(TensorCollection.Name)]
public class AdamWTests
{
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(0.1, 0, 1)]
    [InlineData(0, 0.5, 1)]
    [InlineData(0.1, 0.5, 4)]
    public void Steps_are_the_definition_s(double weightDecay, double clip, double ratio)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var start = new[] { randn(3, 4, generator: generator), randn(5, generator: generator) };
        var gradients = Enumerable.Range(0, 6).Select(step => start.Select(t => randn(t.shape, generator: generator) * (step % 2 == 0 ? 2 : 0.01)).ToArray()).ToList();
        using var first = LiveTensors.NewParameter(start[0].clone());
        using var second = LiveTensors.NewParameter(start[1].clone());
        using var optimizer = new AdamW([(1, [first]), (ratio, [second])], weightDecay, clip);
        var expected = start.Select(t => new Plain([.. t.data<float>().Select(v => (double)v)])).ToArray();
        for (var step = 0; step < gradients.Count; step++)
        {
            var learningRate = 1e-2 / (step + 1);
            (first.grad, second.grad) = (gradients[step][0].clone(), gradients[step][1].clone());
            var norm = optimizer.GradientNorm();
            optimizer.Step(learningRate, norm);

            var plain = gradients[step].Select(g => g.data<float>().Select(v => (double)v).ToArray()).ToArray();
            var whole = Math.Sqrt(plain.Sum(g => g.Sum(v => v * v)));
            Assert.Equal(whole, norm, 1e-5 * whole);
            var factor = clip > 0 && whole > clip ? clip / whole : 1;
            for (var n = 0; n < 2; n++) expected[n].Step([.. plain[n].Select(v => v * factor)], learningRate * (n == 0 ? 1 : ratio), weightDecay);
        }
        foreach (var (found, wanted) in new[] { first, second }.Zip(expected))
            foreach (var (a, b) in found.detach().data<float>().ToArray().Zip(wanted.Values)) Assert.Equal(b, a, 1e-5);
    }

    /// <summary>Clipping changes the gradient's length and not its direction, and a shorter one not at all.</summary>
    [Theory]
    [InlineData(0.5, 0.1)]
    [InlineData(0.5, 3)]
    [InlineData(0, 100)]
    public void A_gradient_is_clipped_to_the_norm_and_no_further(double clip, double length)
    {
        using var scope = NewDisposeScope();
        using var parameter = LiveTensors.NewParameter(zeros(4));
        using var optimizer = new AdamW([parameter], 0, clip);
        var direction = tensor(new[] { 0.5f, -0.5f, 0.5f, 0.5f });
        parameter.grad = direction * length;
        optimizer.Step(1e-3, optimizer.GradientNorm());
        var wanted = clip > 0 ? Math.Min(clip, length) : length;
        Assert.Equal(0, (parameter.grad! - direction * wanted).abs().max().item<float>(), 1e-5 * Math.Max(1, wanted));
    }

    private sealed class Plain(double[] values)
    {
        private readonly double[] _first = new double[values.Length], _second = new double[values.Length];
        private int _steps;

        public double[] Values => values;

        public void Step(double[] gradient, double learningRate, double weightDecay)
        {
            const double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
            _steps++;
            for (var n = 0; n < values.Length; n++)
            {
                _first[n] = beta1 * _first[n] + (1 - beta1) * gradient[n];
                _second[n] = beta2 * _second[n] + (1 - beta2) * gradient[n] * gradient[n];
                var (mean, square) = (_first[n] / (1 - Math.Pow(beta1, _steps)), _second[n] / (1 - Math.Pow(beta2, _steps)));
                values[n] -= learningRate * (mean / (Math.Sqrt(square) + eps) + weightDecay * values[n]);
            }
        }
    }
}
