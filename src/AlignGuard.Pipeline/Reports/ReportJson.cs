using System.Text.Json;
using System.Text.Json.Serialization;
using AlignGuard.Models;

namespace AlignGuard.Pipeline.Reports;

/// <summary>report.json: camelCase, indented. A number that is not finite (the loss of a skipped step) is the string "NaN", "Infinity" or "-Infinity".</summary>
public static class ReportJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    public static string Write(RunReport report) => JsonSerializer.Serialize(report, Options) + "\n";

    /// <param name="place">File or store name, for errors.</param>
    /// <exception cref="UserFaultException">Not JSON, not a report, or of another version of the schema.</exception>
    public static RunReport Read(string json, string place)
    {
        try
        {
            CheckVersion(json, place);
            return JsonSerializer.Deserialize<RunReport>(json, Options)!;
        }
        catch (JsonException e)
        {
            throw new UserFaultException(
                $"{place}:{e.LineNumber + 1 ?? 1}: this is no run report ({e.Path ?? "$"}): the file was altered or cut short. Write it again with `alignguard run`.", e);
        }
    }

    // Before the rest is read: a later version may have moved anything.
    private static void CheckVersion(string json, string place)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("version", out var version) || !version.TryGetInt32(out var number))
            throw new UserFaultException($"{place}:1: this is no run report: the key version is missing.");
        if (number != RunReport.CurrentVersion)
            throw new UserFaultException($"{place}: version {number} of the report's schema; this program reads version {RunReport.CurrentVersion}. Use the program that wrote it.");
    }
}
