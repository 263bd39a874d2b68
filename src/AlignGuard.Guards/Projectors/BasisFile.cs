using AlignGuard.Guards.Spectrum;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Guards.Projectors;

/// <summary>What is kept of a layer's basis beside its tensors.</summary>
public sealed record LayerSpectrum(string Layer, ProjectorKind Kind, int Rank, double Energy, bool Reached, double Trace,
    double[] OutShares, double[] InShares, double[] OutWeights, double[] InWeights);

/// <summary>Bases as named float32 tensors plus a spectrum each. Training is in float32; the checks were made in float64 before.</summary>
public static class BasisFile
{
    public static IEnumerable<KeyValuePair<string, Tensor>> Tensors(IEnumerable<LayerBasis> bases) => bases.SelectMany(b => new[]
    {
        KeyValuePair.Create($"{b.Layer}.U", b.U), KeyValuePair.Create($"{b.Layer}.V", b.V),
        KeyValuePair.Create($"{b.Layer}.outDiagonal", b.OutDiagonal), KeyValuePair.Create($"{b.Layer}.inDiagonal", b.InDiagonal),
    }).Select(t => KeyValuePair.Create(t.Key, t.Value.to(ScalarType.Float32)));

    public static LayerSpectrum Spectrum(LayerBasis b) =>
        new(b.Layer, b.Kind, b.Rank.Rank, b.Rank.Energy, b.Rank.Reached, b.Trace, b.OutShares, b.InShares, b.OutWeights, b.InWeights);

    public static IReadOnlyDictionary<string, LayerBasis> Read(IReadOnlyDictionary<string, Tensor> tensors, IEnumerable<LayerSpectrum> spectra)
    {
        return spectra.ToDictionary(s => s.Layer, s => new LayerBasis(s.Layer, s.Kind, Double($"{s.Layer}.U"), Double($"{s.Layer}.V"),
            s.OutShares, s.InShares, s.OutWeights, s.InWeights, Double($"{s.Layer}.outDiagonal"), Double($"{s.Layer}.inDiagonal"),
            new ChosenRank(s.Rank, s.Energy, s.Reached), s.Trace));

        Tensor Double(string name) => tensors[name].to(ScalarType.Float64).DetachFromDisposeScope();
    }
}
