using Xunit;

namespace AlignGuard.Models.Tests;

/// <summary>
/// Tests that compute, one after the other and beside no others: a number that is handed to the native library is a wrapper which a collection, started by another thread, may free before it is read (ADR 6).
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TensorCollection
{
    public const string Name = "tensors";
}
