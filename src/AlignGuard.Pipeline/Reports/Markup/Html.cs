using System.Runtime.CompilerServices;
using System.Text;

namespace AlignGuard.Pipeline.Reports.Markup;

/// <summary>
/// Markup that is safe to place in a page. It is made from interpolated strings whose holes are escaped unless they are markup themselves, so
/// forgetting to escape takes an effort: prompts and answers are untrusted text.
/// </summary>
internal readonly record struct Html
{
    private readonly string? _markup;

    private Html(string markup) => _markup = markup;

    public static Html Empty => default;

    public static Html Of(Interpolation markup) => new(markup.Finish());

    public static Html Join(IEnumerable<Html> parts)
    {
        var all = new StringBuilder();
        foreach (var part in parts) all.Append(part._markup);
        return new(all.ToString());
    }

    /// <summary>For our own constants only (the style sheet).</summary>
    public static Html Trusted(string markup) => new(markup);

    public override string ToString() => _markup ?? "";

    [InterpolatedStringHandler]
    public readonly ref struct Interpolation(int literalLength, int holes)
    {
        private readonly StringBuilder _markup = new(literalLength + 16 * holes);

        public void AppendLiteral(string markup) => _markup.Append(markup);
        public void AppendFormatted(Html markup) => _markup.Append(markup._markup);
        public void AppendFormatted(IEnumerable<Html> parts)
        {
            foreach (var part in parts) _markup.Append(part._markup);
        }
        public void AppendFormatted(string? text) => _markup.Append(Escaping.Escape(text));
        public void AppendFormatted(long number) => _markup.Append(number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        public void AppendFormatted(int number) => AppendFormatted((long)number);
        /// <summary>A coordinate: two decimals are finer than a pixel.</summary>
        public void AppendFormatted(double coordinate) => _markup.Append(Numbers.Coordinate(coordinate));

        internal string Finish() => _markup.ToString();
    }
}
