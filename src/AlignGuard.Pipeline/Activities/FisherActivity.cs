using AlignGuard.Domain.Spec;
using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Guards.Fisher;
using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Numerics;
using AlignGuard.Pipeline.Store;
using static TorchSharp.torch;
using FisherForm = AlignGuard.Guards.Fisher.FisherForm;
using SpecForm = AlignGuard.Domain.Spec.FisherForm;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// Fisher factors of every adapted layer at W0 + dW, on unsafe prompts with the base model's own refusals. Prompts that the base does not refuse are
/// left out and counted; too few left is an error.
/// </summary>
internal static class FisherActivity
{
    public const string FactorsName = "fisher.safetensors", RefusalsName = "refusals.jsonl";

    /// <param name="Examples">Refusals the estimate rests on.</param>
    /// <param name="NotRefused">Prompts left out because the base does not refuse them.</param>
    public sealed record Result(int Examples, int NotRefused, int AtStep);

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents, int refresh, int atStep)
    {
        using var scope = NewDisposeScope();
        using var adapter = await AdapterState.OpenAsync(run, parents.GetValueOrDefault("segment"));
        var files = new Dictionary<string, byte[]>();
        IReadOnlyList<PromptAnswer> refusals;
        int notRefused;
        if (refresh == 0)
        {
            (refusals, notRefused) = await RefusalsAsync(run);
            files[RefusalsName] = Measuring.Lines(refusals);
        }
        else
        {
            var first = parents["first"];
            refusals = Measuring.ReadLines<PromptAnswer>(await run.Protocol.ReadAsync(first.File(RefusalsName)));
            notRefused = CommitProtocol.Result<Result>(first).NotRefused;
        }
        var factors = FisherPass.Run(run.Model.Model, adapter, [.. adapter.Sites], Batches(run, Responses(run, adapter, refresh, refusals)), Options(run.Spec), run.Stop.Token);
        files[FactorsName] = AdapterState.Bytes(FisherFile.Tensors(factors));
        foreach (var f in factors) f.Dispose();
        return new Made(files, new Result(refusals.Count, notRefused, atStep));
    }

    public static FisherOptions Options(JobSpec spec) => new()
    {
        Form = spec.Fisher.Form.Tag switch { SpecForm.Tags.Dense => FisherForm.Dense, SpecForm.Tags.Sketch => FisherForm.Sketch, _ => FisherForm.Auto },
        SketchSize = spec.Guard.Rank.Max + spec.Fisher.Oversample,
        Seed = spec.Train.Seed,
    };

    private static async Task<(IReadOnlyList<PromptAnswer> Refused, int NotRefused)> RefusalsAsync(RunContext run)
    {
        var answers = await Measuring.AnswerAsync(run, null, run.Inputs.FisherPrompts, "base refusals", "fisher/0", run.Records.Fisher(0));
        var refused = answers.Where(a => a.Verdict == Verdict.Refused).ToList();
        if (refused.Count < run.Spec.Fisher.MinRefusals)
            throw new UserFaultException([
                $"fisher: the base model refuses only {refused.Count} of {answers.Count} alignment prompts, fewer than fisher.minRefusals ({run.Spec.Fisher.MinRefusals}). "
                + "There is no alignment to guard in it: use an aligned (chat) model, prompts that it refuses (fisher.prompts), or more of them (fisher.samples)."]);
        return (refused, answers.Count - refused.Count);
    }

    /// <summary>The base's refusals, or (<c>kind: true</c>) responses sampled from the model as it is now.</summary>
    private static IReadOnlyList<PromptAnswer> Responses(RunContext run, LoraAdapter adapter, int refresh, IReadOnlyList<PromptAnswer> refusals)
    {
        if (!run.Spec.Fisher.Kind.IsTrue) return refusals;
        var sampled = run.Model.Answer([.. refusals.Select(r => r.Prompt)], new GenerationOptions
        {
            Adapter = adapter,
            Temperature = 1,
            Seed = Seeds.Derive(run.Spec.Train.Seed, "true-fisher", refresh),
            MaxNewTokens = run.Spec.DriftCheck.MaxNewTokens,
            BatchSize = run.Spec.DriftCheck.Batch,
            Cancellation = run.Stop.Token,
        });
        return [.. refusals.Select((r, n) => r with { Answer = sampled[n] })];
    }

    private static IEnumerable<TokenBatch> Batches(RunContext run, IReadOnlyList<PromptAnswer> responses)
    {
        var chat = run.Model;
        var rows = responses.Select(r => chat.Row(r.Prompt, r.Answer)).OrderBy(r => r.Ids.Length).ToList();
        var done = 0;
        foreach (var chunk in rows.Chunk(run.Spec.Fisher.Batch))
        {
            yield return TokenBatch.Pack(chunk, chat.PadId, chat.Model.MaxPositions, chat.Model.Device);
            run.Observer.Measured("Fisher", done += chunk.Length, rows.Count);
        }
    }
}
