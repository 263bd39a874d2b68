using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;
using Xunit.Abstractions;

namespace AlignGuard.Pipeline.Tests.Simulation;

/// <summary>Ten thousand runs, each with its own faults, in one thread each; a failure prints the seed that has it again (<c>ALIGNGUARD_SIMULATION_SEED</c>).</summary>
public class SimulationTests(ITestOutputHelper output)
{
    public const string SeedVariable = "ALIGNGUARD_SIMULATION_SEED";
    private const int Seeds = 10_000;

    [Fact]
    public void Ten_thousand_runs_under_every_fault_end_as_undisturbed_ones()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), out var only))
        {
            Check(only);
            return;
        }
        var faults = new System.Collections.Concurrent.ConcurrentBag<Fault>();
        Parallel.For(0, Seeds, seed =>
        {
            foreach (var fault in Check(seed)) faults.Add(fault);
        });
        foreach (var kind in Enum.GetValues<Fault>().Where(f => f != Fault.None))
        {
            var count = faults.Count(f => f == kind);
            output.WriteLine($"{kind}: {count}");
            Assert.True(count > 1000, $"{kind} happened {count} times only");
        }
    }

    private static IReadOnlyList<Fault> Check(int seed)
    {
        try
        {
            var random = new Random(seed);
            return Simulation.Check(seed, Setting.Of(random), new SeededWeather(random));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message} Run it alone with {SeedVariable}={seed}.", e);
        }
    }

    /// <summary>The same with faults as a script, which a failure shrinks to the fewest that matter.</summary>
    [Property(MaxTest = 300)]
    public Property Any_script_of_faults_ends_as_an_undisturbed_run(int seed) =>
        Prop.ForAll(Scripts.ToArbitrary(), script =>
        {
            var weather = new ScriptedWeather(script.GroupBy(s => s.Request).ToDictionary(g => g.Key, g => g.First().Fault));
            Simulation.Check(seed, Setting.Of(new Random(seed)) with { CancelAt = null }, weather);
        });

    private static Gen<List<(int Request, Fault Fault)>> Scripts =>
        from count in Gen.Choose(0, 12)
        from faults in (from request in Gen.Choose(0, 400) from fault in Gen.Elements(Enum.GetValues<Fault>()) select (request, fault)).ListOf(count)
        select faults.ToList();
}
