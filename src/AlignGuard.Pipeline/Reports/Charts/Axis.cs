using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>A range of values on a line from 0 to 1, with ticks at round numbers.</summary>
/// <param name="Ticks">Ascending, within the range.</param>
internal sealed record Axis(double Min, double Max, bool Logarithmic, IReadOnlyList<double> Ticks)
{
    // Differences of values beyond these overflow or vanish; no measurement is there.
    private const double Largest = 1e100, Smallest = 1e-100;

    /// <summary>Where a value lies, 0 = <see cref="Min"/>, 1 = <see cref="Max"/>; what lies outside is put on the border.</summary>
    public double Position(double value)
    {
        var at = Logarithmic
            ? (Math.Log10(Math.Clamp(value, Smallest, Largest)) - Math.Log10(Min)) / (Math.Log10(Max) - Math.Log10(Min))
            : (value - Min) / (Max - Min);
        return double.IsNaN(at) ? 0 : Math.Clamp(at, 0, 1);
    }

    /// <summary>The first and last tick enclose the values. For vertical axes.</summary>
    public static Axis Covering(double least, double greatest, int about = 5)
    {
        (least, greatest) = Widen(least, greatest);
        var step = NiceStep((greatest - least) / about);
        double first = Math.Floor(least / step), last = Math.Ceiling(greatest / step);
        // The quotient may have been rounded over the tick.
        while (first * step > least) first--;
        while (last * step < greatest) last++;
        return new(first * step, last * step, false, Multiples(first, last, step));
    }

    /// <summary>The range is that of the values, the ticks lie inside. For steps.</summary>
    public static Axis Tight(double least, double greatest, int about = 6)
    {
        (least, greatest) = Widen(least, greatest);
        var step = NiceStep((greatest - least) / about);
        if (greatest - least >= 1) step = Math.Max(step, 1);
        double first = Math.Ceiling(least / step), last = Math.Floor(greatest / step);
        return new(least, greatest, false, [.. Multiples(first, last, step).Where(t => t >= least && t <= greatest)]);
    }

    /// <summary>Decades that enclose the values, which must be above 0.</summary>
    public static Axis Decades(double least, double greatest, int atMost = 7)
    {
        (least, greatest) = (Math.Clamp(least, Smallest, Largest), Math.Clamp(greatest, Smallest, Largest));
        int first = (int)Math.Floor(Math.Log10(least)), last = (int)Math.Ceiling(Math.Log10(greatest));
        while (Math.Pow(10, first) > least) first--;
        while (Math.Pow(10, last) < greatest) last++;
        if (first == last) last++;
        var stride = (last - first + atMost - 1) / atMost;
        last = first + (last - first + stride - 1) / stride * stride;
        return new(Math.Pow(10, first), Math.Pow(10, last), true,
            [.. Enumerable.Range(0, (last - first) / stride + 1).Select(n => Math.Pow(10, first + n * stride))]);
    }

    /// <summary>The tick's text; percent for fractions.</summary>
    public string Label(double tick, bool percent) => Text(tick, percent).Replace('-', Numbers.Minus);

    private string Text(double tick, bool percent)
    {
        if (Logarithmic) return percent ? Numbers.Percent(tick) : Power((int)Math.Round(Math.Log10(tick)));
        var (value, step) = percent ? (100 * tick, 100 * Step) : (tick, Step);
        var size = Math.Max(Math.Abs(Min), Math.Abs(Max)) * (percent ? 100 : 1);
        if (size >= 1e7 || size < 1e-4) return Numbers.Format(value, "0.###e0");
        var decimals = Math.Clamp((int)Math.Ceiling(-Math.Log10(step) - 1e-9), 0, 12);
        return Numbers.Format(value, "#,##0" + (decimals == 0 ? "" : "." + new string('0', decimals))) + (percent ? "\u202f%" : "");
    }

    private double Step => Ticks.Count > 1 ? Ticks[1] - Ticks[0] : Max - Min;

    private static string Power(int exponent) =>
        exponent is >= -3 and <= 4
            ? Numbers.Format(Math.Pow(10, exponent), "#,##0.###")
            : "10" + string.Concat(exponent.ToString(System.Globalization.CultureInfo.InvariantCulture).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));

    /// <summary>A range that is long enough to be divided.</summary>
    private static (double, double) Widen(double least, double greatest)
    {
        (least, greatest) = (Math.Clamp(least, -Largest, Largest), Math.Clamp(greatest, -Largest, Largest));
        var size = Math.Max(Math.Abs(least), Math.Abs(greatest));
        if (greatest - least > Math.Max(size * 1e-9, Smallest)) return (least, greatest);
        var margin = size > Smallest ? 0.1 * size : 1;
        return (least - margin, greatest + margin);
    }

    /// <summary>1, 2 or 5 times a power of ten, at least <paramref name="step"/>.</summary>
    private static double NiceStep(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return power * (step <= power ? 1 : step <= 2 * power ? 2 : step <= 5 * power ? 5 : 10);
    }

    private static double[] Multiples(double first, double last, double step) =>
        [.. Enumerable.Range(0, Math.Max(0, (int)Math.Min(last - first, 50) + 1)).Select(n => (first + n) * step + 0.0)];
}
