using System.Globalization;

namespace AlignGuard.Pipeline.Reports.Markup;

/// <summary>Numbers as text: invariant culture, and never the words for what is not finite.</summary>
internal static class Numbers
{
    public const string Missing = "–";
    public const char Minus = '−';
    private const char NarrowSpace = '\u202f';

    public static string Coordinate(double value) => Format(double.IsFinite(value) ? value : 0, "0.##");

    /// <summary>Three significant digits: 12,300 · 12.3 · 0.0123 · 1.23e-5.</summary>
    public static string Short(double value) => Digits(value).Replace('-', Minus);

    private static string Digits(double value)
    {
        if (!double.IsFinite(value)) return Missing;
        var size = Math.Abs(value);
        if (size == 0) return "0";
        if (size is < 1e-3 or >= 1e6) return Format(value, "0.##e0");
        return size switch
        {
            >= 1000 => Format(value, "#,##0"),
            >= 99.95 => Format(value, "0"),
            >= 9.995 => Format(value, "0.#"),
            >= 0.9995 => Format(value, "0.##"),
            >= 0.09995 => Format(value, "0.###"),
            _ => Format(value, "0.#####"),
        };
    }

    public static string Count(long value) => value.ToString("#,##0", CultureInfo.InvariantCulture);

    /// <summary>A fraction as percent with one decimal. What is not all is not shown as 100 %, what is not nothing not as 0 %.</summary>
    public static string Percent(double fraction) => double.IsFinite(100 * fraction) ? Bare(fraction) + NarrowSpace + "%" : Missing;

    /// <summary>The interval in percent.</summary>
    public static string Interval(double low, double high) =>
        double.IsFinite(100 * low) && double.IsFinite(100 * high) ? $"{Bare(low)}{Missing}{Bare(high)}" : Missing;

    /// <summary>A difference of fractions in points, with its sign.</summary>
    public static string Points(double difference) =>
        !double.IsFinite(100 * difference) ? Missing : Math.Abs(difference) < 5e-4 ? "±0" : Math.Abs(difference) >= 1e4 ? Short(100 * difference) : Format(100 * difference, "+0.0;−0.0");

    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0) return Missing;
        if (seconds < 60) return Format(seconds, "0.0") + " s";
        var whole = (long)Math.Min(Math.Round(seconds), 1e15);
        return whole < 3600 ? $"{whole / 60} min {whole % 60} s" : $"{Count(whole / 3600)} h {whole % 3600 / 60} min";
    }

    private static string Bare(double fraction)
    {
        var percent = 100 * fraction;
        if (Math.Abs(percent) >= 1e6) return Short(percent);
        if (percent is > 0 and < 0.05) return "<0.1";
        if (percent is < 100 and > 99.95) return ">99.9";
        return Format(percent, "0.#;−0.#;0");
    }

    internal static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
