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
        Assert.Contains("other judges", (await Assert.ThrowsAsync<UserFaultException>(() => DriftRun.IntoAsync([new(path, "origin")], chat, Prompts, panel, Options, (_, _) => { }))).Message);
    }

    /// <summary>Both in one pass are what each is alone, also where one of them was broken off further on.</summary>
    [Fact]
    public async Task A_model_and_its_adapter_are_measured_in_one_pass()
    {
        using var chat = TinyChat.Create();
        using var generator = new TorchSharp.torch.Generator(3);
        using var adapter = AlignGuard.Models.Lora.LoraAdapter.From(chat.Model, new AlignGuard.Models.Lora.LoraSpec { Rank = 2, Targets = ["all-linear"] },
            (site, isA) => TorchSharp.torch.randn(isA ? [2, site.In] : [site.Out, 2], generator: generator));
        using var folder = new TemporaryFolder();
        string At(string name) => Path.Combine(folder.Path, name);
        List<DriftTarget> both = [new(At("base.jsonl"), "base"), new(At("tuned.jsonl"), "tuned", adapter)];
        foreach (var target in both) await DriftRun.IntoAsync([target with { Path = target.Path + ".alone" }], chat, Prompts, JudgePanel.Default, Options, (_, _) => { });
        var seen = new List<(int, int)>();
        var measured = await DriftRun.IntoAsync(both, chat, Prompts, JudgePanel.Default, Options, (done, all) => seen.Add((done, all)));
        Assert.Equal([(4, 12), (8, 12), (12, 12)], seen);
        Assert.NotEqual(measured[0].Select(a => a.Answer), measured[1].Select(a => a.Answer));
        foreach (var target in both) Assert.Equal(File.ReadAllText(target.Path + ".alone"), File.ReadAllText(target.Path));

        File.WriteAllLines(At("tuned.jsonl"), File.ReadLines(At("tuned.jsonl")).Take(3).ToList());
        await DriftRun.IntoAsync(both, chat, Prompts, JudgePanel.Default, Options, (_, _) => { });
        foreach (var target in both) Assert.Equal(File.ReadLines(target.Path + ".alone").Order(), File.ReadLines(target.Path).Order());
    }

    private static Task RunAsync(AlignGuard.Models.Chat.ChatModel chat, string path, string origin = "origin") => DriftRun.IntoAsync([new(path, origin)], chat, Prompts, JudgePanel.Default, Options, (_, _) => { });
}
