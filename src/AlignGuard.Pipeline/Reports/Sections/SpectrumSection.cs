using AlignGuard.Pipeline.Reports.Charts;
using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Ranks and energies over the refreshes, and every layer's spectrum at the first and the last of them.</summary>
internal static class SpectrumSection
{
    // A deeper model's strip fills screens: it is there, but folded.
    private const int MostOpen = 64;

    public static Html Render(IReadOnlyList<LabelledRun> runs)
    {
        var guarded = runs.Where(r => r.Run.Spectra.Any(s => s.Layers.Count > 0)).ToList();
        if (guarded.Count == 0) return Html.Empty;
        return Html.Of($"""
            <p class="muted">Eigenvalues of each layer's Fisher information, divided by its trace, largest first. Left of the mark lie the m directions that the guard protects; beside it their share of the trace (two-sided: the product of both sides’).</p>
            <div class="charts">
            {Lines("Rank chosen", guarded, l => l.Rank)}
            {Lines("Energy of the guarded directions", guarded, l => l.Energy, percent: true)}
            </div>
            {SpectrumStrip.Key()}
            {guarded.Where(r => r.First).Select(Strips)}
            """);
    }

    private static Html Strips(LabelledRun run, int place)
    {
        var spectra = run.Run.Spectra.Where(s => s.Layers.Count > 0).ToList();
        var last = spectra.Count > 1 ? Details(run, spectra[^1], open: false) : Html.Empty;
        return Html.Of($"{Details(run, spectra[0], open: place == 0 && spectra[0].Layers.Count <= MostOpen)}{last}");
    }

    private static Html Details(LabelledRun run, FisherSpectrum spectrum, bool open)
    {
        var weak = spectrum.Layers.Count(l => !l.Reached);
        var remark = weak == 0 ? "" : $" — ▲ {weak} of {spectrum.Layers.Count} layers below the target energy";
        var content = Html.Of($"<summary>{run.Name}, step {spectrum.Step}{remark}</summary>{SpectrumStrip.Render(spectrum)}");
        return open ? Html.Of($"""<details open="open">{content}</details>""") : Html.Of($"<details>{content}</details>");
    }

    private static Html Lines(string title, IReadOnlyList<LabelledRun> runs, Func<LayerSpectrum, double> of, bool percent = false) =>
        RunChart.Render(new Chart
        {
            Title = title, Quantity = "mean over layers", Band = "least to greatest", Percent = percent, MustShow = percent ? [0, 1] : [0],
            Series = RunChart.Series(runs, r => [.. r.Spectra.Where(s => s.Layers.Count > 0).Select(s => LayerSummary.Of(s.Step, s.Layers.Select(of)))]),
        });
}
