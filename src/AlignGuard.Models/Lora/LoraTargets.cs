using AlignGuard.Models.Decoders;

namespace AlignGuard.Models.Lora;

/// <summary>Which linear layers a <see cref="LoraSpec"/> names.</summary>
public static class LoraTargets
{
    /// <exception cref="UserFaultException">A name that matches nothing, or a rank larger than a matched layer.</exception>
    public static IReadOnlyList<LinearSite> Select(IReadOnlyList<LinearSite> linears, LoraSpec spec)
    {
        var problems = new List<string>();
        var chosen = new SortedSet<int>();
        foreach (var target in spec.Targets)
        {
            var matched = linears.Where(site => Matches(site, target)).ToList();
            if (matched.Count == 0)
                problems.Add($"lora.targets: no linear layer is named '{target}'. Known: all-linear, {string.Join(", ", linears.Select(l => l.Name.Split('.')[^1]).Distinct())}.");
            foreach (var site in matched) chosen.Add(site.Index);
        }
        var sites = chosen.Select(index => linears[index]).ToList();
        if (spec.Rank < 1) problems.Add($"lora.r is {spec.Rank}; it must be at least 1.");
        var narrow = sites.Where(site => spec.Rank > Math.Min(site.In, site.Out)).ToList();
        if (narrow.Count > 0)
            problems.Add($"lora.r is {spec.Rank}, larger than {narrow[0].Name} ([{narrow[0].Out}, {narrow[0].In}])"
                + (narrow.Count > 1 ? $" and {narrow.Count - 1} more layers" : "") + $". Use at most {sites.Min(s => Math.Min(s.In, s.Out))}, or leave those layers out of lora.targets.");
        if (problems.Count > 0) throw new UserFaultException(problems);
        return sites;
    }

    private static bool Matches(LinearSite site, string target) => target == "all-linear"
        ? site.Name != "lm_head"
        : site.Name == target || site.Name.EndsWith("." + target, StringComparison.Ordinal);
}
