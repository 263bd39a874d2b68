using System.Globalization;
using System.Text;
using System.Text.Json;
using AlignGuard.Models;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Activities;
using AlignGuard.Pipeline.Verification;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Export;

/// <summary>What was shown of a merged model.</summary>
/// <param name="Difference">Largest difference of logits between base with adapter and merged weights, both in float32, relative to the largest logit.</param>
/// <param name="Rounding">The same between them and the files that were written, in the type that they are in.</param>
/// <param name="Dtype">That type.</param>
public sealed record MergeReport(double Difference, double Rounding, string Dtype);

/// <summary>Base model and adapter as one checkpoint of the base's own layout, for tools that know no adapters.</summary>
public static class MergedModel
{
    /// <summary>Largest <see cref="MergeReport.Difference"/> that is written.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Merges in float32, shows on random tokens that nothing changed, and writes; nothing is left behind when that fails.</summary>
    /// <param name="model">Folder of the base model.</param>
    /// <param name="target">New, or empty.</param>
    /// <param name="dtype">Of the written weights; null = the base's own.</param>
    /// <exception cref="UserFaultException">The adapter is of another base model (every mismatch), or <paramref name="target"/> is not empty.</exception>
    public static MergeReport Write(AdapterSource adapter, string model, string target, ScalarType? dtype = null)
    {
        NewFolder.Require(target);
        var partial = target.TrimEnd(Path.DirectorySeparatorChar) + ".partial";
        using var scope = NewDisposeScope();
        try
        {
            var (expected, difference, typed) = Merge(adapter, model, partial, dtype);
            double rounding;
            using (var written = LanguageCheckpoint.Load(partial)) rounding = Relative(expected, Logits(written, null));
            File.WriteAllText(Path.Combine(partial, "README.md"), Card(adapter, model, difference, rounding, typed));
            if (Directory.Exists(target)) Directory.Delete(target);
            Directory.Move(partial, target);
            return new MergeReport(difference, rounding, typed);
        }
        finally
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        }
    }

    private static (Tensor Expected, double Difference, string Dtype) Merge(AdapterSource source, string model, string target, ScalarType? dtype)
    {
        using var _ = no_grad();
        using var merged = LanguageCheckpoint.Load(model);
        using var adapter = Fitting(source, merged, model);
        var expected = Logits(merged, adapter);
        LoraMerge.Into(merged, adapter);
        var difference = Relative(expected, Logits(merged, null));
        if (!(difference <= Tolerance))
            throw new InvalidOperationException($"The merged weights do not give what base and adapter give: logits differ by {difference:g3} of the largest, {Tolerance:g1} is allowed. Nothing was written.");
        CheckpointWriter.SaveLike(merged, model, target, dtype);
        using var checkpoint = Models.Safetensors.Checkpoint.Open(target);
        return (expected, difference, $"{checkpoint.Info(checkpoint.Names[0]).Dtype}".ToLowerInvariant());
    }

    /// <summary>Every mismatch at once: the base model's hash, and what of the adapter fits no layer.</summary>
    private static LoraAdapter Fitting(AdapterSource source, LanguageModel model, string folder)
    {
        var problems = new List<string>();
        // Publications of older versions do not describe their base, but their run pinned its hash.
        if (!source.Files.ContainsKey(AdapterBase.FileName) && source.BaseHash is { } wanted && ModelHost.HashOf(folder) is var found && found != wanted)
            problems.Add($"{source.Name} was trained on a base model with sha-256 {wanted}; {folder} has {found}.");
        var copy = Directory.CreateTempSubdirectory("alignguard-adapter-").FullName;
        try
        {
            foreach (var (name, content) in source.Files) File.WriteAllBytes(Path.Combine(copy, name), content);
            var adapter = AdapterBase.Load(model, folder, copy);
            if (problems.Count == 0) return adapter;
            adapter.Dispose();
        }
        catch (ModelFormatException e)
        {
            problems.AddRange(e.Problems.Select(p => p.Replace(copy, source.Name)));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
        throw new UserFaultException(problems);
    }

    /// <summary>On tokens drawn at random, the same every time.</summary>
    private static Tensor Logits(LanguageModel model, LoraAdapter? adapter)
    {
        using var _ = no_grad();
        var random = Seeds.Host(0, "merge-check");
        var length = Math.Min(32, model.MaxPositions);
        Tensor Tokens() => tensor(Enumerable.Range(0, 2 * length).Select(_ => (long)random.NextInt(model.VocabSize)).ToArray()).view(2, length);
        var ids = Tokens();
        var source = model.DecoderStartId is null ? null : new SourceTokens(Tokens(), ones(2, length, dtype: ScalarType.Int64));
        return model.Logits(ids, new ForwardOptions { Adapter = adapter, Source = source });
    }

    private static double Relative(Tensor expected, Tensor found) => ((expected - found).abs().max() / expected.abs().max().clamp_min(1e-6)).item<float>();

    private static string Card(AdapterSource adapter, string model, double difference, double rounding, string dtype)
    {
        var own = adapter.Files.TryGetValue("README.md", out var card) ? Encoding.UTF8.GetString(card) : "";
        // The front matter is the adapter's; this is a whole model.
        if (own.StartsWith("---", StringComparison.Ordinal) && own.IndexOf("\n---", 3, StringComparison.Ordinal) is var end and > 0) own = own[(end + 4)..].TrimStart();
        return string.Create(CultureInfo.InvariantCulture, $"""
            ---
            library_name: transformers
            base_model: {JsonSerializer.Serialize(ModelRevision.Of(model)?.Repository ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(model)))}
            tags: [alignguard, merged]
            ---

            Merged from its base model and the adapter `{adapter.Name}` in float32. On random tokens the logits differ from base and adapter by {difference:g2} of the largest (allowed: {Tolerance:g1}); as written, in {dtype},
            by {rounding:g2}.

            {own}
            """);
    }
}
