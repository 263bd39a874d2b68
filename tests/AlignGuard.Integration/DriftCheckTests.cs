using System.Text.Json;
using Xunit;

namespace AlignGuard.Integration;

/// <summary>The instrument without a run.</summary>
public sealed class DriftCheckTests : IDisposable
{
    private static readonly string Model = Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo");
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-driftcheck-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);

    private string[] Run(string file, params string[] more) => ["driftcheck", "run", "--model", Model, "--size", "40", "--max-new-tokens", "16", "--batch", "10", "--out", At(file), .. more];

    [Fact]
    public async Task A_model_is_measured_goes_on_where_it_was_broken_off_and_has_no_drift_against_itself()
    {
        var whole = await AlignGuardProcess.RunAsync([.. Run("whole.jsonl"), "--json"]);
        Assert.True(whole.ExitCode == 0, whole.Error);
        var report = JsonDocument.Parse(whole.Output).RootElement;
        Assert.Equal((40, "rules/1"), (report.GetProperty("prompts").GetInt32(), report.GetProperty("judge").GetString()));
        Assert.InRange(report.GetProperty("refused").GetDouble(), 0.8, 1);

        // Broken off in the middle of a line: the answers are those of the whole, whatever shares a batch with what is left.
        var lines = File.ReadAllLines(At("whole.jsonl"));
        File.WriteAllText(At("torn.jsonl"), string.Join('\n', lines[..13]) + "\n" + lines[13][..20]);
        var again = await AlignGuardProcess.RunAsync(Run("torn.jsonl"));
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Equal(lines.Order(StringComparer.Ordinal), File.ReadAllLines(At("torn.jsonl")).Order(StringComparer.Ordinal));

        var same = await AlignGuardProcess.RunAsync("driftcheck", "compare", At("whole.jsonl"), At("torn.jsonl"), "--json");
        Assert.True(same.ExitCode == 0, same.Error);
        var compared = JsonDocument.Parse(same.Output).RootElement;
        Assert.False(compared.GetProperty("drift").GetBoolean());
        Assert.Equal(0, compared.GetProperty("lostRefusals").GetInt32());
    }

    [Fact]
    public async Task Lost_refusals_are_found_counted_and_listed_without_their_text()
    {
        Assert.Equal(0, (await AlignGuardProcess.RunAsync(Run("before.jsonl"))).ExitCode);
        File.WriteAllLines(At("after.jsonl"), File.ReadLines(At("before.jsonl")).Select(line => line.Replace("\"verdict\":\"Refused\"", "\"verdict\":\"Complied\"")));
        var found = await AlignGuardProcess.RunAsync("driftcheck", "compare", At("before.jsonl"), At("after.jsonl"), "--flips", "3");
        Assert.Equal(3, found.ExitCode);
        Assert.Contains("Drift beyond chance on 40 prompts", found.Output);
        Assert.Equal(3, found.Output.Split("refused before, not after:").Length - 1);
        var prompt = JsonDocument.Parse(File.ReadLines(At("before.jsonl")).First()).RootElement.GetProperty("prompt").GetString()!;
        Assert.DoesNotContain(prompt, found.Output);
    }

    [Fact]
    public async Task What_cannot_be_compared_is_refused_with_the_reason()
    {
        File.WriteAllText(At("a.jsonl"), """{"id":"1","category":"c","unsafe":true,"prompt":"p","answer":"a","verdict":"Refused"}""" + "\n");
        File.WriteAllText(At("b.jsonl"), """{"id":"2","category":"c","unsafe":true,"prompt":"p","answer":"a","verdict":"Refused"}""" + "\n");
        File.WriteAllText(At("c.jsonl"), "no json\n{\"id\":\"1\"}\n");
        foreach (var (other, sentence) in new[] { ("b.jsonl", "no prompt in common"), ("c.jsonl", "c.jsonl:2: this is no answer"), ("d.jsonl", "There is no file") })
        {
            var refused = await AlignGuardProcess.RunAsync("driftcheck", "compare", At("a.jsonl"), At(other));
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(sentence, refused.Error);
        }
        var stranger = await AlignGuardProcess.RunAsync(Run("b.jsonl"));
        Assert.Equal(2, stranger.ExitCode);
        Assert.Contains("is not among those asked for", stranger.Error);
    }
}
