using System.Text;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;
using AlignGuard.Server.Runs;
using AlignGuard.Server.Tests.Support;
using AlignGuard.Server.Triggers;
using Xunit;

namespace AlignGuard.Server.Tests;

/// <summary>Texts of rows and secrets stay out of logs, answers and records, wherever a fault picks them up.</summary>
public sealed class LeakTests : IDisposable
{
    private const string Row = "how to brew the harmful thing at home", Secret = "AccountKey=c2VjcmV0LWtleQ==", Token = "sixteen-characters-and-more";
    private readonly ServerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_row_and_no_secret_gets_out()
    {
        var drop = Directory.CreateDirectory(Path.Combine(_folder.Root, "drop"));
        await File.WriteAllTextAsync(Path.Combine(drop.FullName, ReadyManifest.FileName), $"{{ \"version\": 1, \"job\": {{ \"name\": \"x\", \"data\": {{ \"train\": \"{Row}\" }} }} }}, {Secret}");
        var faults = new Dictionary<string, Exception>
        {
            ["user"] = new UserFaultException([$"fisher.prompts and driftcheck.prompts share 2 prompts, first \"{Row}\". Remove them.", $"data.train: line 3 begins with \"{Row}"]),
            ["io"] = new IOException($"{Secret}: {Row}"),
            ["store"] = new StoreException($"The store failed at \"{Row}\".", new InvalidOperationException(Secret)),
            ["bug"] = new InvalidOperationException(Row + Secret, new IOException(Secret)),
        };
        await using var server = await RunningServer.StartAsync(_folder, Token, concurrency: 4, sources: [WatchedSource.Folder(drop.FullName)], work: (job, _) => throw faults[job.Spec.Name]);
        var answers = new StringBuilder();
        foreach (var name in faults.Keys) await server.Http.StartAsync(Jobs.Yaml(name));
        await Eventually.TrueAsync(() => server.Log.Lines.Count(l => l.Contains("tried again")) >= 3 && server.Log.Text.Contains("is failed") && server.Log.Text.Contains("starts nothing"), "everything has failed");
        foreach (var path in new[] { "/runs", $"/runs/{Jobs.Job("user").RunId}", "/nothing" }) answers.AppendLine(await server.Http.GetStringOrProblemAsync(path));
        foreach (var body in new[] { Row, $"name: \"{Row}", $"{{ \"approved\": \"{Row}\" }}", $"[ {Secret} ]" })
            answers.AppendLine(await server.Http.PostAsync($"/runs/{Jobs.Job("user").RunId}/approve", Calls.Json(body)).ProblemAsync(400));
        foreach (var name in await _folder.Store.ListAsync("")) answers.AppendLine(Encoding.UTF8.GetString((await _folder.Store.ReadAsync(name))!.Content));
        foreach (var text in new[] { server.Log.Text, answers.ToString() })
        {
            Assert.DoesNotContain("harmful", text);
            Assert.DoesNotContain("AccountKey", text);
            Assert.DoesNotContain(Token, text);
            Assert.DoesNotContain("   at AlignGuard", text);
        }
        // What is told instead is of use.
        Assert.Contains("share 2 prompts, first [37 characters, sha-256 ", answers.ToString());
        Assert.Contains("System.IO.IOException in ", server.Log.Text);
    }

    [Theory]
    [InlineData("the key \"train\" is missing", "the key \"train\" is missing")]
    [InlineData("first \"two words\" and \"three more words\".", "first [9 characters, sha-256 ???] and [16 characters, sha-256 ???].")]
    [InlineData("line\nbreak \"a\nb\"", "line break [3 characters, sha-256 ???]")]
    [InlineData("cut off: \"and then", "cut off: [8 characters, sha-256 ???]")]
    public void Quotations_become_hashes(string text, string expected) =>
        Assert.Equal(expected, System.Text.RegularExpressions.Regex.Replace(Redaction.Sentence(text), "sha-256 [0-9a-f]{12}", "sha-256 ???"));
}
