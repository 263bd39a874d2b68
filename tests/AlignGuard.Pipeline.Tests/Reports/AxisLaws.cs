using AlignGuard.Pipeline.Reports.Charts;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class AxisLaws
{
    private const double Largest = 1e100, Smallest = 1e-100;

    [Property(MaxTest = 500)]
    public void Ticks_cover_the_range(NormalFloat a, NormalFloat b)
    {
        double least = Math.Clamp(Math.Min(a.Get, b.Get), -Largest, Largest), greatest = Math.Clamp(Math.Max(a.Get, b.Get), -Largest, Largest);
        var axis = Axis.Covering(least, greatest);
        Assert.True(axis.Ticks[0] <= least && greatest <= axis.Ticks[^1], $"{least}..{greatest}: {string.Join(' ', axis.Ticks)}");
        Sound(axis, 9);
    }

    [Property(MaxTest = 500)]
    public void Decades_cover_the_range(NormalFloat a, NormalFloat b)
    {
        double x = Math.Clamp(Math.Abs(a.Get), Smallest, Largest), y = Math.Clamp(Math.Abs(b.Get), Smallest, Largest);
        var axis = Axis.Decades(Math.Min(x, y), Math.Max(x, y));
        Assert.True(axis.Ticks[0] <= Math.Min(x, y) && Math.Max(x, y) <= axis.Ticks[^1]);
        Sound(axis, 9);
    }

    [Property(MaxTest = 500)]
    public void Ticks_of_a_tight_axis_lie_inside_its_range(NormalFloat a, NormalFloat b)
    {
        var axis = Axis.Tight(Math.Min(a.Get, b.Get), Math.Max(a.Get, b.Get));
        Assert.All(axis.Ticks, t => Assert.InRange(t, axis.Min, axis.Max));
        Sound(axis, 13);
    }

    [Property(MaxTest = 500)]
    public void Positions_keep_the_order(NormalFloat a, NormalFloat b, NormalFloat c)
    {
        var axis = Axis.Covering(Math.Min(a.Get, b.Get), Math.Max(a.Get, b.Get));
        double low = Math.Min(b.Get, c.Get), high = Math.Max(b.Get, c.Get);
        Assert.True(axis.Position(low) <= axis.Position(high));
        Assert.InRange(axis.Position(c.Get), 0, 1);
    }

    [Theory]
    [InlineData(0, 1, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(0, 0.03, new[] { 0, 0.01, 0.02, 0.03 })]
    [InlineData(3, 47, new double[] { 0, 10, 20, 30, 40, 50 })]
    [InlineData(-5, 11, new double[] { -5, 0, 5, 10, 15 })]
    public void Ticks_are_round_numbers(double least, double greatest, double[] ticks) =>
        Assert.Equal(ticks, Axis.Covering(least, greatest).Ticks.Select(t => Math.Round(t, 9)));

    [Fact]
    public void Labels_have_the_digits_that_the_step_needs()
    {
        var axis = Axis.Covering(-0.03, 0.02);
        Assert.Equal(["−0.03", "−0.02", "−0.01", "0.00", "0.01", "0.02"], axis.Ticks.Select(t => axis.Label(t, false)));
        Assert.Equal(["1%", "2%", "3%"], Axis.Covering(0, 0.03).Ticks.Skip(1).Select(t => Axis.Covering(0, 0.03).Label(t, true).Replace("\u202f", "", StringComparison.Ordinal)));
        Assert.Equal(["10⁻⁴", "0.001", "0.01"], Axis.Decades(1e-4, 1e-2).Ticks.Select(t => Axis.Decades(1e-4, 1e-2).Label(t, false)));
    }

    private static void Sound(Axis axis, int atMost)
    {
        Assert.InRange(axis.Ticks.Count, 0, atMost);
        Assert.All(axis.Ticks, t => Assert.True(double.IsFinite(t)));
        Assert.All(axis.Ticks.Zip(axis.Ticks.Skip(1)), p => Assert.True(p.First < p.Second));
        Assert.All(axis.Ticks, t => Assert.InRange(axis.Position(t), 0, 1));
    }
}
