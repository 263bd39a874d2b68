using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Tests;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Drift;

/// <summary>A measurement that is broken off goes on behind what it has, and behind nothing else.</summary>
public class DriftRunTests
{
    private static readonly IReadOnlyList<Prompt> Prompts = PromptBank.DriftCheck(6);
    private static readonly GenerationOptions Options = new() { MaxNewTokens = 6, BatchSize = 2 };

    /// <summary>Wherever the file is cut, the same answers come of it.</summary>
    [Fact]
    public async Task A_file_that_is_cut_anywhere_is_made_whole_again()
    {
        using var chat = TinyChat.Create();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "answers.jsonl");
        await RunAsync(chat, path);
        var whole = File.ReadAllText(path);
        var secondEnd = whole.IndexOf('\n', whole.IndexOf('\n') + 1);
        foreach (var cut in new[] { 0, 1, secondEnd - 5, secondEnd, secondEnd + 1, whole.Length - 1 })
        {
            File.WriteAllText(path, whole[..cut]);
            await RunAsync(chat, path);
            Assert.Equal(whole.Split('\n').Order(), File.ReadAllText(path).Split('\n').Order());
        }
    }

    [Fact]
    public async Task Answers_of_another_model_or_read_by_other_judges_are_not_gone_on_with()
    {
        using var chat = TinyChat.Create();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "answers.jsonl");
        await RunAsync(chat, path);
        Assert.Contains("another model", (await Assert.ThrowsAsync<UserFaultException>(() => RunAsync(chat, path, "other"))).Message);
        using var panel = Judges.Panel(["rules", "classifier"]);
        Assert.Contains("other judges", (await Assert.ThrowsAsync<UserFaultException>(() => DriftRun.IntoAsync(path, chat, Prompts, panel, Options, "origin", (_, _) => { }))).Message);
    }

    private static Task RunAsync(AlignGuard.Models.Chat.ChatModel chat, string path, string origin = "origin") => DriftRun.IntoAsync(path, chat, Prompts, JudgePanel.Default, Options, origin, (_, _) => { });
}
