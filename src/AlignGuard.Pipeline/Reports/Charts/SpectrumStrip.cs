using System.Globalization;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Charts;

/// <summary>
/// Spectra of all layers as rows of shaded cells, a mark at the rank chosen: a model of hundreds of layers stays one picture. Shades are steps
/// of the eigenvalue's share of the trace; eigenvalues descend, so a row is a few rectangles.
/// </summary>
internal static class SpectrumStrip
{
    /// <summary>Least share of each shade, the darkest first; below the last one it is left blank.</summary>
    public static readonly IReadOnlyList<double> Shades = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0003];

    private const double Width = 1120, LabelWidth = 190, NoteWidth = 116, Gap = 22, RowHeight = 14, CellHeight = 11, Head = 36, BlockGap = 5;
    private const int BeyondRank = 16;

    public static Html Render(FisherSpectrum spectrum)
    {
        var layers = spectrum.Layers;
        var twoSides = layers.Any(l => l.InShares.Count > 0);
        var shown = layers.Max(l => l.Rank) + BeyondRank;
        var outer = Math.Min(shown, layers.Max(l => l.OutShares.Count));
        var inner = Math.Min(shown, layers.Max(l => l.InShares.Count));
        var cells = Math.Max(1, Math.Max(outer, inner));
        var panel = twoSides ? (Width - LabelWidth - NoteWidth - Gap) / 2 : Width - LabelWidth - NoteWidth;
        var left = LabelWidth + panel + Gap;

        var names = LayerNames.Shorten([.. layers.Select(l => l.Layer)]);
        var tops = Tops(names);
        var height = tops[^1] + RowHeight + 4;
        var rows = layers.Select((layer, n) => Html.Of($"""
            <g><title>{Tooltip(layer)}</title><text class="ty" x="{LabelWidth - 8}" y="{tops[n] + 9.5}">{names[n]}</text>{Cells(layer.OutShares, LabelWidth, tops[n], panel / cells, cells, layer.Rank)}{(twoSides ? Cells(layer.InShares, left, tops[n], panel / cells, cells, layer.Rank) : Html.Empty)}{Note(layer, (twoSides ? left + panel : LabelWidth + panel) + 10, tops[n] + 9.5)}</g>

            """));
        return Html.Of($"""
            <div class="wide"><svg class="strip" viewBox="0 0 {Width} {height}" role="img" aria-label="Fisher spectrum of each layer">
            {Heading("output side, F_out", LabelWidth, panel, cells)}{(twoSides ? Heading("input side, F_in", left, panel, cells) : Html.Empty)}
            {rows}</svg></div>

            """);
    }

    /// <summary>What the shades mean.</summary>
    public static Html Key() => Html.Of($"""
        <p class="key"><span>share of the trace:</span>{Shades.Select((s, n) => Html.Of($"""<span><svg viewBox="0 0 14 11" width="14" height="11"><rect class="h{n}" width="14" height="11"/></svg> ≥ {(100 * s).ToString("0.##", CultureInfo.InvariantCulture)} %</span>"""))}<span><svg viewBox="0 0 14 11" width="14" height="11"><path class="rank" d="M7,0V11"/></svg> rank chosen, m</span></p>
        """);

    private static double[] Tops(IReadOnlyList<string> names)
    {
        var tops = new double[names.Count];
        var top = Head;
        for (var n = 0; n < names.Count; n++)
        {
            // A little air between blocks: layers are named 0.q_proj, 0.k_proj, ..., 1.q_proj.
            if (n > 0 && Block(names[n]) != Block(names[n - 1])) top += BlockGap;
            tops[n] = top;
            top += RowHeight;
        }
        return tops;
    }

    private static string Block(string name) => name.Split('.')[0];

    private static Html Heading(string text, double x, double width, int cells)
    {
        var ticks = Enumerable.Range(0, 5).Select(n => Math.Max(1, (int)Math.Round(cells * n / 4.0))).Distinct()
            .Select(k => Html.Of($"""<text class="tx small" x="{x + (k - 0.5) * width / cells}" y="{Head - 6}">{k}</text>"""));
        return Html.Of($"""<text class="th" x="{x}" y="12">{text}</text>{ticks}""");
    }

    private static Html Cells(IReadOnlyList<double> shares, double x, double y, double cell, int cells, int rank)
    {
        var marks = new List<Html> { Html.Of($"""<rect class="track" x="{x}" y="{y}" width="{cell * cells}" height="{CellHeight}"/>""") };
        var count = Math.Min(cells, shares.Count);
        for (int from = 0, to; from < count; from = to)
        {
            var shade = Shade(shares[from]);
            for (to = from + 1; to < count && Shade(shares[to]) == shade; to++) { }
            if (shade < Shades.Count)
                marks.Add(Html.Of($"""<rect class="h{shade}" x="{x + from * cell}" y="{y}" width="{(to - from) * cell}" height="{CellHeight}"/>"""));
        }
        if (rank > 0 && shares.Count > 0)
            marks.Add(Html.Of($"""<path class="rank" d="M{x + Math.Min(rank, cells) * cell},{y - 1}v{CellHeight + 2}"/>"""));
        return Html.Join(marks);
    }

    private static int Shade(double share)
    {
        for (var n = 0; n < Shades.Count; n++)
            if (share >= Shades[n]) return n;
        return Shades.Count;
    }

    private static Html Note(LayerSpectrum layer, double x, double y) =>
        layer.Rank <= 0 || layer.Trace == 0
            ? Html.Of($"""<text class="note warn" x="{x}" y="{y}">unguarded</text>""")
            : Html.Of($"""<text class="note{(layer.Reached ? "" : " warn")}" x="{x}" y="{y}">m {layer.Rank} · {Numbers.Percent(layer.Energy)}{(layer.Reached ? "" : " ▲")}</text>""");

    private static string Tooltip(LayerSpectrum layer) =>
        $"{layer.Layer}: rank {layer.Rank}, energy {Numbers.Percent(layer.Energy)}{(layer.Reached ? "" : " (target not reached)")}, trace {Numbers.Short(layer.Trace)}";
}
