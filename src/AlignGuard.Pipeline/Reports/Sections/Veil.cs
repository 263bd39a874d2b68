using AlignGuard.Pipeline.Reports.Markup;

namespace AlignGuard.Pipeline.Reports.Sections;

/// <summary>Text that may be harmful: shown when it is clicked on, and not in print.</summary>
internal static class Veil
{
    public static Html Over(string summary, Html content) => Html.Of($"""<details class="veil"><summary>{summary}</summary>{content}</details>""");

    /// <summary>Foreign text in a direction of its own.</summary>
    public static Html Text(string text) => Html.Of($"""<div class="text" dir="auto">{text}</div>""");
}
