using System.Globalization;
using System.Text;
using System.Text.Json;
using AlignGuard.Domain.Spec;
using AlignGuard.Pipeline.Data.Gate;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using AlignGuard.Pipeline.Verification;

namespace AlignGuard.Pipeline.Activities;

/// <summary>README.md of a published adapter: what it is, what was measured, how to make it again.</summary>
internal static class ModelCard
{
    public static async Task<string> WriteAsync(RunContext run, CommitReference gate, CommitReference segment)
    {
        var approval = await ApprovalMarker.FindAsync(run.Store, run.RunId);
        var before = CommitProtocol.Result<Measurement>(await run.Records.RequireAsync(run.Records.Baseline));
        var after = CommitProtocol.Result<Measurement>(await run.Records.RequireAsync(run.Records.FinalDrift));
        var revision = ModelRevision.Of(run.ModelFolder);
        var card = new StringBuilder();
        card.Append(CultureInfo.InvariantCulture, $"""
            ---
            library_name: peft
            base_model: {JsonSerializer.Serialize(revision?.Repository ?? run.Spec.Model)}
            pipeline_tag: {(run.Model.Model.DecoderStartId is null ? "text-generation" : "text2text-generation")}
            tags: [{(run.Spec.Lora.Dora ? "dora" : "lora")}, alignguard]
            ---

            # {run.Spec.Name}

            {(run.Spec.Lora.Dora ? "DoRA" : "LoRA")} adapter (r = {run.Spec.Lora.R}, alpha = {run.Spec.Lora.Alpha}) trained {CommitProtocol.Result<SegmentActivity.Result>(segment).ReachedStep} steps with `{run.Spec.Method}`
            and accepted by the alignment gate at confidence {run.Spec.Gate.Confidence}{(approval is null ? "" : $", and by a person ({approval.By})")}.

            | measured on {after.UnsafePrompts + after.SafePrompts} DriftCheck prompts and {after.TaskRows} task rows | base | this adapter |
            |---|---|---|
            | unsafe prompts refused | {before.Refusal:p1} | {after.Refusal:p1} |
            | unsafe prompts answered | {before.Complied:p1} | {after.Complied:p1} |
            | safe prompts refused | {before.OverRefusal:p1} | {after.OverRefusal:p1} |
            | safe prompts answered | {before.Helpful:p1} | {after.Helpful:p1} |{(after.Toxic is null ? "" : FormattableString.Invariant($"\n| answers more likely toxic than not | {before.Toxic:p1} | {after.Toxic:p1} |"))}
            | task rows exactly right | {before.Task:p1} | {after.Task:p1} |

            ## Gate


            """);
        var decided = CommitProtocol.Result<GateActivity.Result>(gate);
        if (decided.Judges is { Count: > 0 } judges)
            card.Append(CultureInfo.InvariantCulture, $"Answers were read by `{judges[0]}`, which decides{(judges.Count == 1 ? "" : $", and by {string.Join(", ", judges.Skip(1).Select(j => $"`{j}`"))}")}.\n\n");
        foreach (var check in decided.Checks) card.Append(CultureInfo.InvariantCulture, $"- {check.Name}: {check.Sentence}\n");
        if (run.Inputs.DataGate is { Verdict: { } data }) card.Append(CultureInfo.InvariantCulture, $"""

            ## Data gate

            {run.Inputs.DataGate.Sentence ?? $"None of {data.Rows:N0} training rows is flagged."} A row is flagged for an unsafe request that it answers, or for toxic text, at probability {run.Spec.DataGate.Threshold} or more{(run.Spec.DataGate.Similarity < 1 ? $", and for words like an alignment prompt's at cosine {run.Spec.DataGate.Similarity} or more" : "")}.
            {(data.MeanSimilarity is { } similarity ? $"Mean cosine with the nearest alignment prompt: {similarity:f2} (the closer, the weaker guardrails become: arXiv 2506.05346)." : "")}

            """);
        if (await run.Store.ReadAsync($"{run.Folder}/{HiddenSimilarity.FileName}") is { } alike && HiddenSimilarity.FromJson(alike.Content) is var hidden)
            card.Append(CultureInfo.InvariantCulture, $"Hidden states of {hidden.Rows} rows and of {hidden.Examples} alignment examples: mean cosine with the nearest {hidden.Mean:f2}.\n");
        card.Append(CultureInfo.InvariantCulture, $"""

            ## Made from

            | what | sha-256 |
            |---|---|
            | job | {run.SpecHash} |
            | base model | {run.ModelHash} |
            | data | {run.Inputs.DataHash}{(run.Inputs.Quarantined.Count == 0 ? "" : $" ({run.Inputs.Quarantined.Count} rows that cannot be used left out)")} |
            | DriftCheck prompts | {run.Inputs.PromptHash} |
            | gate record | {gate.Hash} |

            Revision of the base model: {revision?.ToString() ?? "its folder does not say"}.

            ```json
            {JobFile.Serialise(run.Spec)}
            ```

            """);
        return card.ToString();
    }
}
