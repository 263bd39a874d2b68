using System.Text;
using AlignGuard.Models.Lora;
using AlignGuard.Pipeline.Store;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Activities;

/// <summary>Writes the accepted adapter as a PEFT folder with a model card and makes it the current one of its name.</summary>
internal static class PublishActivity
{
    public sealed record Result(string Adapter);

    /// <summary>What <c>models/{name}/current.json</c> says.</summary>
    public sealed record Current(string RunId, string Adapter, string Segment, string Gate);

    public static async Task<CommitReference> RunAsync(RunContext run, int lastSegment)
    {
        var folder = Folders.Publish(run);
        if (await run.Protocol.FindAsync(folder) is { } done) return done;
        var gate = await run.RequireAsync(Folders.Gate(run));
        // The decider asks only after an acceptance; a publication without one must be impossible, not just unlikely.
        if (!CommitProtocol.Result<GateActivity.Result>(gate).Accepted) throw new InvalidOperationException($"{gate.Folder} rejected this run; nothing is published.");
        var segment = await run.RequireAsync(Folders.Segment(run, lastSegment));
        using var scope = NewDisposeScope();
        using var adapter = await AdapterState.OpenAsync(run, lastSegment);
        var target = $"models/{run.Spec.Name}/{run.RunId}";
        await run.Store.CreateAsync($"{target}/{PeftAdapter.WeightsName}", await run.Protocol.ReadAsync(segment.File(AdapterState.AdapterName)));
        await run.Store.CreateAsync($"{target}/{PeftAdapter.ConfigName}", Encoding.UTF8.GetBytes(PeftAdapter.ConfigJson(adapter, run.Spec.Model)));
        await run.Store.CreateAsync($"{target}/README.md", Encoding.UTF8.GetBytes(await ModelCard.WriteAsync(run, gate)));
        await MakeCurrentAsync(run, new Current(run.RunId, target, segment.Hash, gate.Hash));
        return await run.Protocol.CommitAsync(folder, "publish", run.SpecHash, new Dictionary<string, CommitReference> { ["gate"] = gate, ["segment"] = segment },
            new Dictionary<string, byte[]>(), new Result(target));
    }

    /// <summary>Replaced with If-Match: of two runs that publish at once, one sees the other's and comes after it.</summary>
    private static async Task MakeCurrentAsync(RunContext run, Current current)
    {
        var name = $"models/{run.Spec.Name}/current.json";
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var held = await run.Store.ReadAsync(name);
            if (await run.Store.ReplaceAsync(name, CommitProtocol.ToJson(current), held?.Version)) return;
        }
        throw new StoreException($"{name} keeps changing: several runs publish the same model at once. Give the same command again.");
    }
}
