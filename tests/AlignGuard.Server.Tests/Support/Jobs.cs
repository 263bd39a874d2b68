using AlignGuard.Server.Runs;
using AlignGuard.Pipeline.Runner;

namespace AlignGuard.Server.Tests.Support;

/// <summary>Jobs as callers write them.</summary>
internal static class Jobs
{
    public static string Yaml(string name = "job", string train = "builtin:how-to", string eval = "builtin:how-to", string model = "base", string more = "") => $$"""
        name: {{name}}
        model: {{model}}
        method: lora
        data: { train: "{{train}}", eval: "{{eval}}" }
        train: { steps: 2, segment: 1 }
        {{more}}
        """;

    public static string Json(string name = "job", string train = "builtin:how-to", string eval = "builtin:how-to", string model = "base") =>
        $$"""{ "name": "{{name}}", "model": "{{model}}", "method": "lora", "data": { "train": "{{train}}", "eval": "{{eval}}" }, "train": { "steps": 2, "segment": 1 } }""";

    public static Job Job(string name = "job") => JobText.Parse(Yaml(name), "test", ".");

    public static QueueEntry Entry(string name = "job", int minute = 0) => QueueEntry.Of(Job(name), null, "test", new DateTimeOffset(2025, 1, 1, 0, minute, 0, TimeSpan.Zero));
}
