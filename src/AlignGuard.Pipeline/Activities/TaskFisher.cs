using AlignGuard.Guards.Fisher;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Activities;

/// <summary>
/// The diagonal of the task's Fisher at W0 in Kronecker form (<c>guard.h: task-fisher</c>), each side summing to 1. Taken on the first training rows of
/// the fixed order, so it is the same for every segment of a run.
/// </summary>
internal static class TaskFisher
{
    public static IReadOnlyDictionary<string, (Tensor Out, Tensor In)> Diagonals(RunContext run, LoraAdapter adapter)
    {
        var rows = run.Inputs.Train.Take(run.Spec.Fisher.Samples).Chunk(run.Spec.Fisher.Batch)
            .Select(chunk => TokenBatch.Pack(chunk, run.Model.PadId, run.Spec.Train.SeqLen, run.Model.Model.Device));
        var factors = FisherPass.Run(run.Model.Model, null, [.. adapter.Sites], rows, FisherActivity.Options(run.Spec), run.Stop.Token);
        return factors.ToDictionary(f => f.Site.Name, f =>
        {
            using (f) return (Share(f.Out), Share(f.In));
        });

        static Tensor Share(FisherSide side)
        {
            var diagonal = side.Diagonal();
            return diagonal / diagonal.sum().clamp_min(1e-30);
        }
    }
}
