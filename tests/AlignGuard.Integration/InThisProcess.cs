using Xunit;

namespace AlignGuard.Integration;

/// <summary>Runs in this process draw their dropout from its one generator, as any two in one process would: one at a time, and beside nothing else.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public class InThisProcess
{
    public const string Name = "runs in this process";
}
