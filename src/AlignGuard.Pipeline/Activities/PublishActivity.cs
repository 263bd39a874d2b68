using System.Text;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Export;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Writes the accepted adapter as a PEFT folder with a model card and makes it the current one of its name.</summary>
internal static class PublishActivity
{
    public sealed record Result(string Adapter);

    public static async Task<Made> MakeAsync(RunContext run, IReadOnlyDictionary<string, CommitReference> parents)
    {
        var (gate, segment) = (parents["gate"], parents["segment"]);
        // The decider asks only after an acceptance; a publication without one must be impossible, not just unlikely.
        var decided = CommitProtocol.Result<GateActivity.Result>(gate);
        if (!decided.Accepted) throw new InvalidOperationException($"{gate.Folder} rejected this run; nothing is published.");
        if ((decided.Disputed || run.Spec.Gate.Approval.IsRequired) && await ApprovalMarker.FindAsync(run.Store, run.RunId) is not { Approved: true })
            throw new InvalidOperationException($"{gate.Folder} leaves this run to a person, and nobody approved it; nothing is published.");
        using var scope = NewDisposeScope();
        using var adapter = await AdapterState.OpenAsync(run, segment);
        var target = $"models/{run.Spec.Name}/{run.RunId}";
        var kept = await Publication.PublishAsync(run.Store, run.Spec.Name, new Publication.Current(run.RunId, target, segment.Hash, gate.Hash), new Dictionary<string, byte[]>
        {
            [PeftAdapter.WeightsName] = await run.Protocol.ReadAsync(segment.File(AdapterState.AdapterName)),
            [PeftAdapter.ConfigName] = Encoding.UTF8.GetBytes(PeftAdapter.ConfigJson(adapter, run.Spec.Model)),
            [AdapterBase.FileName] = AdapterBase.Of(run.ModelFolder, run.ModelHash).ToJson(),
            ["README.md"] = Encoding.UTF8.GetBytes(await ModelCard.WriteAsync(run, gate, segment)),
        });
        return new Made(kept, new Result(target));
    }
}
