using System.Text.RegularExpressions;
using AlignGuard.Models.Networks;

namespace AlignGuard.Models.Lora;

/// <summary>Which linear layers a <see cref="LoraSpec"/> names.</summary>
public static partial class LoraTargets
{
    /// <summary>Those that are meant, whether or not they can be adapted.</summary>
    internal static IReadOnlyList<LinearSite> Named(IReadOnlyList<LinearSite> linears, LoraSpec spec) => [.. linears.Where(site => spec.Targets.Match(site.Name) && !spec.Exclude.Match(site.Name))];

    /// <exception cref="UserFaultException">An entry that matches nothing, nothing left, or a rank larger than a matched layer.</exception>
    public static IReadOnlyList<LinearSite> Select(IReadOnlyList<LinearSite> linears, LoraSpec spec)
    {
        var problems = new List<string>();
        Unmatched("lora.targets", spec.Targets);
        Unmatched("lora.exclude", spec.Exclude);
        var sites = Named(linears, spec);
        if (problems.Count == 0 && sites.Count == 0) problems.Add("lora.exclude leaves no layer of lora.targets.");
        if (spec.Rank < 1) problems.Add($"lora.r is {spec.Rank}; it must be at least 1.");
        var narrow = sites.Where(site => spec.Rank > Math.Min(site.In, site.Out)).ToList();
        if (narrow.Count > 0)
            problems.Add($"lora.r is {spec.Rank}, larger than {narrow[0].Name} ([{narrow[0].Out}, {narrow[0].In}])"
                + (narrow.Count > 1 ? $" and {narrow.Count - 1} more layers" : "") + $". Use at most {sites.Min(s => Math.Min(s.In, s.Out))}, or leave those layers out of lora.targets.");
        if (problems.Count > 0) throw new UserFaultException(problems);
        return sites;

        void Unmatched(string key, ModuleNames modules)
        {
            foreach (var (entry, matches) in modules.Entries())
            {
                if (linears.Any(site => matches(site.Name))) continue;
                problems.Add(modules.Pattern is null
                    ? $"{key}: no linear layer is named '{entry}'. Known: all-linear, {string.Join(", ", entry.Contains('.') ? Kinds(linears) : linears.Select(l => l.Name.Split('.')[^1]).Distinct())}."
                    : $"{key}: the regular expression '{entry}' matches no linear layer's whole name. They are, N being a number: {string.Join(", ", Kinds(linears))}.");
            }
        }
    }

    /// <summary>Whole names without their numbers: a mixture has thousands of layers of few kinds.</summary>
    private static IEnumerable<string> Kinds(IReadOnlyList<LinearSite> linears) => linears.Select(l => Number().Replace(l.Name, "N")).Distinct();

    [GeneratedRegex(@"(?<=\.)\d+(?=\.)")]
    private static partial Regex Number();
}
