using System.Globalization;
using AlignGuard.Infrastructure.Tests.Bicep;

namespace AlignGuard.Infrastructure.Tests.Rules;

/// <summary>Versions of Azure's interfaces are dates, and released ones.</summary>
internal static class ApiVersionRules
{
    private const string Preview = "-preview";

    /// <summary>Types whose preview is used, and why.</summary>
    private static readonly Dictionary<string, string> Previews = new()
    {
        ["Microsoft.Insights/diagnosticSettings"] = "the released version, of 2016, lacks the destination tables; Azure's own documentation uses the preview",
    };

    public static IEnumerable<string> Problems(Deployment deployment)
    {
        foreach (var resource in deployment.Resources)
        {
            var (version, preview) = resource.ApiVersion.EndsWith(Preview, StringComparison.Ordinal) ? (resource.ApiVersion[..^Preview.Length], true) : (resource.ApiVersion, false);
            if (!DateOnly.TryParseExact(version, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) yield return $"{resource.Type}: {resource.ApiVersion} is no date";
            if (preview && !Previews.ContainsKey(resource.Type)) yield return $"{resource.Type}@{resource.ApiVersion} is a preview that no reason is given for";
        }
    }
}
