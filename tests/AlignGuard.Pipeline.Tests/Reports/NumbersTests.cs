using AlignGuard.Pipeline.Reports.Markup;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Reports;

public class NumbersTests
{
    [Theory]
    [InlineData(0, "0 %")]
    [InlineData(1, "100 %")]
    [InlineData(0.98249, "98.2 %")]
    [InlineData(0.99999, ">99.9 %")]
    [InlineData(0.00001, "<0.1 %")]
    [InlineData(-0.00001, "0 %")]
    [InlineData(double.NaN, "–")]
    public void Percent_does_not_round_to_all_or_nothing(double fraction, string text) =>
        Assert.Equal(text, Numbers.Percent(fraction).Replace('\u202f', ' '));

    [Theory]
    [InlineData(12345, "12,345")]
    [InlineData(12.345, "12.3")]
    [InlineData(0.012345, "0.01235")]
    [InlineData(-0.5, "−0.5")]
    [InlineData(1.234e-7, "1.23e−7")]
    [InlineData(0, "0")]
    [InlineData(double.PositiveInfinity, "–")]
    public void Short_keeps_three_digits(double value, string text) => Assert.Equal(text, Numbers.Short(value));

    [Theory]
    [InlineData(0.0312, "+3.1")]
    [InlineData(-0.968, "−96.8")]
    [InlineData(0.0001, "±0")]
    public void Points_have_a_sign(double difference, string text) => Assert.Equal(text, Numbers.Points(difference));

    [Theory]
    [InlineData(3.21, "3.2 s")]
    [InlineData(119.7, "2 min 0 s")]
    [InlineData(7260, "2 h 1 min")]
    [InlineData(-1, "–")]
    public void Durations_read_like_a_clock(double seconds, string text) => Assert.Equal(text, Numbers.Duration(seconds));

    [Property]
    public bool No_number_is_written_as_a_word(double value) =>
        new[] { Numbers.Short(value), Numbers.Percent(value), Numbers.Points(value), Numbers.Duration(value), Numbers.Coordinate(value), Numbers.Interval(value, value) }
            .All(t => t.Length > 0 && !t.Contains('N') && !t.Contains('∞') && !t.Contains('I'));
}
