using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Networks;

/// <summary>A tensor that a model consists of.</summary>
/// <param name="Name">In the model.</param>
/// <param name="Shape">In the model.</param>
/// <param name="Stored">Name in the file.</param>
/// <param name="Transposed">It lies the other way round in the file.</param>
internal sealed record WantedTensor(string Name, long[] Shape, string Stored, bool Transposed = false)
{
    /// <summary>Where it lies in a stored tensor that holds several; null = it is one.</summary>
    public PackedPlace? Pack { get; init; }

    /// <summary>Of the stored tensor.</summary>
    public long[] StoredShape => Pack?.Shape ?? (Transposed ? [.. Shape.Reverse()] : Shape);
}

/// <param name="Shape">Of the whole pack, [experts, rows, columns].</param>
/// <param name="Expert">Index in the first dimension.</param>
/// <param name="From">First row.</param>
internal sealed record PackedPlace(long[] Shape, int Expert, long From);

/// <summary>Takes a model's weights out of its checkpoint, having checked every name and shape.</summary>
internal static class CheckpointWeights
{
    /// <param name="isUnused">Tensors of the file that may be there and are not used.</param>
    /// <exception cref="ModelFormatException">All missing, misshapen, unknown and non-finite tensors at once.</exception>
    public static Dictionary<string, Tensor> Read(string folder, Checkpoint checkpoint, IReadOnlyList<WantedTensor> wanted, Func<string, bool> isUnused, ScalarType dtype, Device? device)
    {
        var problems = Problems(checkpoint, wanted, isUnused);
        if (problems.Count > 0) throw new ModelFormatException([.. problems.Select(p => $"{folder}: {p}")]);

        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var weights = new Dictionary<string, Tensor>();
        foreach (var stored in wanted.GroupBy(t => t.Stored))
        {
            // One at a time: what was read does not stay beside what is kept.
            using var one = NewDisposeScope();
            var read = checkpoint.Read(stored.Key);
            if (!read.isfinite().all().item<bool>())
                problems.Add($"{folder}: tensor {stored.Key} holds NaN or infinity. The file is damaged or the training that wrote it diverged; use an intact checkpoint.");
            foreach (var tensor in stored)
            {
                var weight = tensor.Pack is { } pack ? read[pack.Expert].narrow(0, pack.From, tensor.Shape[0]).contiguous() : tensor.Transposed ? read.t().contiguous() : read;
                weights.Add(tensor.Name, weight.to(dtype).to(device ?? CPU).MoveToOuterDisposeScope());
            }
        }
        if (problems.Count > 0) throw new ModelFormatException(problems);
        foreach (var weight in weights.Values) weight.DetachFromDisposeScope();
        return weights;
    }

    private static List<string> Problems(Checkpoint checkpoint, IReadOnlyList<WantedTensor> wanted, Func<string, bool> isUnused)
    {
        var problems = new List<string>();
        var names = checkpoint.Names.ToHashSet();
        foreach (var stored in wanted.GroupBy(t => t.Stored))
        {
            if (!names.Remove(stored.Key))
            {
                problems.Add($"tensor {stored.Key} is missing.");
                continue;
            }
            var (found, shape) = (checkpoint.Info(stored.Key).Shape, stored.First().StoredShape);
            if (!found.SequenceEqual(shape))
                problems.Add($"tensor {stored.Key} is [{string.Join(", ", found)}], config.json implies [{string.Join(", ", shape)}].");
        }
        problems.AddRange(names.Where(name => !isUnused(name)).Order(StringComparer.Ordinal).Select(name => $"tensor {name} belongs to no part of a model with this config.json."));
        return problems;
    }
}
