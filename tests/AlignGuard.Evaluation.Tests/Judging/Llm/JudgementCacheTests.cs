using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Judging.Llm;
using AlignGuard.Models;
using AlignGuard.Models.Tests;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Judging.Llm;

public sealed class JudgementCacheTests : IDisposable
{
    private static readonly KeptJudgement Refused = new(Verdict.Refused, 0.1, null), Complied = new(Verdict.Complied, 1.0 / 3, "because");

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void A_line_that_was_cut_off_is_passed_over_and_the_next_one_is_whole()
    {
        var cache = Open();
        cache.Add("a", Refused);
        cache.Add("b", Complied);
        var bytes = File.ReadAllBytes(cache.File);
        File.WriteAllBytes(cache.File, bytes[..^9]);
        var reopened = Open();
        reopened.Refresh();
        Assert.Equal((Refused, null), (reopened.Find("a"), reopened.Find("b")));
        reopened.Add("c", Complied);
        var last = Open();
        last.Refresh();
        Assert.Equal((Refused, null, Complied), (last.Find("a"), last.Find("b"), last.Find("c")));
    }

    [Fact]
    public void Of_two_that_append_at_once_nothing_is_lost_and_the_first_counts()
    {
        // Each opens the file anew for each line: the lock holds between open files, whichever process they are of.
        var caches = Enumerable.Range(0, 4).Select(_ => Open()).ToArray();
        Parallel.ForEach(caches.Index(), c =>
        {
            for (var i = 0; i < 100; i++)
            {
                c.Item.Add($"{c.Index}/{i}", new KeptJudgement(Verdict.Complied, i / 100.0, null));
                c.Item.Add($"shared/{i}", new KeptJudgement(Verdict.Refused, c.Index / 4.0, null));
            }
        });
        Assert.Equal(500, File.ReadAllLines(caches[0].File).Length);
        foreach (var cache in caches.Append(Open()))
        {
            cache.Refresh();
            for (var i = 0; i < 100; i++)
            {
                for (var c = 0; c < caches.Length; c++) Assert.Equal(i / 100.0, cache.Find($"{c}/{i}")!.Toxicity);
                Assert.Equal(caches[0].Find($"shared/{i}"), cache.Find($"shared/{i}"));
            }
        }
    }

    [Fact]
    public void Lines_that_are_none_are_passed_over()
    {
        var cache = Open();
        File.WriteAllText(cache.File, "\n[]\nnull\n{\"key\":3,\"verdict\":\"refused\",\"toxicity\":0}\n{\"key\":\"a\",\"verdict\":\"no\",\"toxicity\":0}\n{\"key\":\"b\",\"verdict\":\"refused\",\"toxicity\":0.1}\n");
        cache.Refresh();
        Assert.Equal((null, Refused), (cache.Find("a"), cache.Find("b")));
    }

    [Fact]
    public void Judges_of_any_name_get_a_file_in_the_folder()
    {
        var cache = new JudgementCache(folder.Path, "llm/meta-llama/../Llama:8b@0123");
        Assert.Equal(folder.Path, Path.GetDirectoryName(cache.File));
        cache.Add("a", Refused);
        Assert.True(File.Exists(cache.File));
    }

    [Fact]
    public void A_folder_that_can_not_be_made_is_a_fault_in_words()
    {
        folder.Write("file", "");
        Assert.Contains("set cache in the judge's file", Assert.Throws<UserFaultException>(() => new JudgementCache(folder.File("file/inside"), "llm/x").Add("a", Refused)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private JudgementCache Open() => new(folder.Path, "llm/judge@0123");
}
