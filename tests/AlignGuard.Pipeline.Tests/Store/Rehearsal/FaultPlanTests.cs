using AlignGuard.Models;
using AlignGuard.Pipeline.Store.Rehearsal;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Store.Rehearsal;

public sealed class FaultPlanTests
{
    [Fact]
    public void A_plan_is_read_as_written_and_what_it_does_not_name_has_its_default()
    {
        Assert.Equal(new FaultPlan { Seed = 1, Busy = 0.05, Lost = 0.05, Cut = 0.05, Slow = 0.1, Delay = TimeSpan.FromMilliseconds(50) },
            FaultPlan.Parse("seed=1,busy=0.05,lost=0.05,cut=0.05,slow=0.1,delay=50"));
        Assert.Equal(new FaultPlan { Lost = 1, Delay = TimeSpan.FromMilliseconds(200) }, FaultPlan.Parse(" lost = 1 "));
        var odd = FaultPlan.Parse("slow=0.25,delay=1.5,seed=-7");
        Assert.Equal(odd, FaultPlan.Parse(odd.ToString()));
    }

    [Fact]
    public void Everything_wrong_with_a_plan_is_told_at_once()
    {
        var problems = Assert.Throws<UserFaultException>(() => FaultPlan.Parse("seed=x,busy=1.5,lost=0.7,lsot=0.1,cut=0.7,cut=0.8,slow,delay=-1")).Problems;
        Assert.Equal(7, problems.Count);
        Assert.All(problems, problem => Assert.StartsWith(FaultPlan.Variable, problem));
        foreach (var expected in new[] { "seed is 'x'", "busy is '1.5'", "'lsot' is unknown; there are seed, busy, lost, cut, slow, delay", "cut is given twice", "slow is ''", "delay is '-1'", "add up to 1.5" })
            Assert.Single(problems, problem => problem.Contains(expected));
    }

    [Theory]
    [InlineData("busy=NaN")]
    [InlineData("busy=-0.1")]
    [InlineData("busy=Infinity")]
    [InlineData("delay=60001")]
    [InlineData("seed=1.5")]
    [InlineData("busy=0.6,lost=0.5")]
    [InlineData("=1")]
    public void What_is_out_of_range_is_refused(string text) => Assert.Single(Assert.Throws<UserFaultException>(() => FaultPlan.Parse(text)).Problems);

    [Fact]
    public void Shares_may_add_up_to_all_requests() => Assert.DoesNotContain(Faults(FaultPlan.Parse("busy=0.1,lost=0.2,cut=0.3,slow=0.4"), 10_000), fault => fault.Kind == FaultKind.None);

    [Property(MaxTest = 50)]
    public bool The_same_seed_gives_the_same_faults_and_another_seed_others(long seed)
    {
        var plan = Plan(seed);
        var faults = Faults(plan, 200);
        return faults.SequenceEqual(Faults(Plan(seed), 200)) && !faults.SequenceEqual(Faults(Plan(seed ^ 1), 200));
    }

    [Property(MaxTest = 20)]
    public void The_shares_of_many_requests_are_those_asked_for(long seed)
    {
        const int requests = 20_000;
        var plan = Plan(seed);
        var counts = Faults(plan, requests).CountBy(f => f.Kind).ToDictionary();
        foreach (var (kind, share) in new[] { (FaultKind.Busy, plan.Busy), (FaultKind.Lost, plan.Lost), (FaultKind.Cut, plan.Cut), (FaultKind.Slow, plan.Slow) })
        {
            // Five standard deviations: once in a million.
            var tolerance = 5 * Math.Sqrt(share * (1 - share) / requests);
            Assert.InRange(counts[kind] / (double)requests, share - tolerance, share + tolerance);
        }
    }

    private static FaultPlan Plan(long seed) => new() { Seed = seed, Busy = 0.05, Lost = 0.1, Cut = 0.2, Slow = 0.3 };

    private static List<Fault> Faults(FaultPlan plan, int requests) => [.. Enumerable.Range(0, requests).Select(n => plan.At(n))];
}
