using AlignGuard.Guards.Fisher;
using AlignGuard.Guards.Projectors;
using AlignGuard.Guards.Spectrum;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Store;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Eigenbases and ranks of every adapted layer from the Fisher factors of a refresh.</summary>
internal static class DecomposeActivity
{
    public const string BasisName = "basis.safetensors", SpectrumName = "spectrum.json";

    /// <param name="AtStep">The refresh's step.</param>
    /// <param name="MeanRank">Over guarded layers.</param>
    public sealed record Result(int AtStep, double MeanRank, double MeanEnergy, IReadOnlyList<string> Warnings);

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents, int refresh)
    {
        using var scope = NewDisposeScope();
        var fisher = parents["fisher"];
        var estimate = CommitProtocol.Result<FisherActivity.Result>(fisher);
        var sites = LoraTargets.Select(run.Model.Model.Linears, AdapterState.Lora(run.Spec));
        var factors = FisherFile.Read(await AdapterState.TensorsAsync(run, fisher, FisherActivity.FactorsName), sites, FisherActivity.Options(run.Spec), estimate.Examples);
        var bases = factors.Select((f, n) =>
        {
            run.Stop.Token.ThrowIfCancellationRequested();
            run.Observer.Measured("eigenbases", n + 1, factors.Count);
            return Basis(run, refresh, f);
        }).ToList();
        foreach (var f in factors) f.Dispose();

        var spectra = bases.Select(BasisFile.Spectrum).ToList();
        var guarded = bases.Where(b => b.Guarded).ToList();
        var result = new Result(estimate.AtStep, Mean(b => b.Rank.Rank), Mean(b => b.Rank.Energy), Warnings(run.Spec, bases));
        var files = new Dictionary<string, byte[]>
        {
            [BasisName] = AdapterState.Bytes(BasisFile.Tensors(bases)),
            [SpectrumName] = CommitProtocol.ToJson(spectra),
        };
        foreach (var b in bases) b.Dispose();
        return new Made(files, result);

        double Mean(Func<LayerBasis, double> value) => guarded.Count == 0 ? 0 : guarded.Average(value);
    }

    public static ProjectorKind Kind(Domain.Spec.Projector projector) => projector.Tag switch
    {
        Domain.Spec.Projector.Tags.Left => ProjectorKind.Left,
        Domain.Spec.Projector.Tags.Soft => ProjectorKind.Soft,
        Domain.Spec.Projector.Tags.Random => ProjectorKind.Random,
        _ => ProjectorKind.TwoSided,
    };

    private static LayerBasis Basis(RunContext run, int refresh, FisherFactors factors)
    {
        var rank = run.Spec.Guard.Rank;
        var name = factors.Site.Name;
        using var output = EigenSide.Of(factors.Out, factors.Examples, rank.Max, $"{name} (output side)");
        using var input = EigenSide.Of(factors.In, factors.Examples, rank.Max, $"{name} (input side)");
        return LayerBasis.Create(name, Kind(run.Spec.Guard.Projector), output, input, new RankBounds(rank.Min, rank.Max, rank.Energy),
            Seeds.Derive(run.Spec.Train.Seed, "random-projector", refresh));
    }

    private static List<string> Warnings(Domain.Spec.JobSpec spec, List<LayerBasis> bases)
    {
        var warnings = bases.Where(b => !b.Guarded).Select(b => $"{b.Layer} is unguarded: no gradient of the refusals reached it.").ToList();
        var short_ = bases.Where(b => b.Guarded && !b.Rank.Reached).ToList();
        if (short_.Count > 0)
        {
            var worst = short_.MinBy(b => b.Rank.Energy)!;
            warnings.Add(FormattableString.Invariant(
                $"{short_.Count} of {bases.Count} layers do not reach {spec.Guard.Rank.Energy:p0} of the Fisher's energy at guard.rank.max {spec.Guard.Rank.Max}; the least is {worst.Layer} with {worst.Rank.Energy:p0}."));
        }
        return warnings;
    }
}
