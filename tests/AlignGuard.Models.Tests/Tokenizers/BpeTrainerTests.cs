using AlignGuard.Models.Tokenizers;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

public class BpeTrainerTests
{
    [Fact]
    public void SpecialTokensComeFirstThenAllBytesThenMerges()
    {
        var bpe = SampleTokenizer.Train();
        Assert.Equal(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bpe.Tokens.Take(3));
        Assert.Equal(256, bpe.Tokens.Skip(3).Take(256).Count(t => t.Length == 1));
        Assert.Equal(bpe.Tokens.Count, bpe.Tokens.Distinct().Count());
        Assert.All(bpe.Merges, m => Assert.Contains(m.Left + m.Right, bpe.Tokens));
    }

    [Fact]
    public void TheMostFrequentPairIsMergedFirstAndTiesGoToTheFirstInOrdinalOrder()
    {
        // Counts: (b,c) 3; (a,b) 2 and (x,y) 2 tie.
        var bpe = BpeTrainer.Train(["ab", "ab", "bc", "bc", "bc", "xy", "xy"], new BpeTrainerOptions(259));
        Assert.Equal([("b", "c"), ("a", "b"), ("x", "y")], bpe.Merges);
    }

    [Fact]
    public void RarePairsAreNotMerged()
    {
        Assert.Empty(BpeTrainer.Train(["ab", "cd"], new BpeTrainerOptions(300)).Merges);
        Assert.Equal(2, BpeTrainer.Train(["ab", "cd"], new BpeTrainerOptions(300, MinFrequency: 1)).Merges.Count);
    }

    [Fact]
    public void NoMergeMakesASpecialToken()
    {
        var bpe = BpeTrainer.Train(Enumerable.Repeat("pad pad padding", 9), new BpeTrainerOptions(300, 2, ["pad"]));
        Assert.DoesNotContain(bpe.Merges, m => m.Left + m.Right == "pad");
        Assert.Single(bpe.Tokens, t => t == "pad");
    }

    /// <summary>The incremental counts find the merges that counting everything anew at each step finds.</summary>
    [Property(MaxTest = 60)]
    public bool TheMergesAreThoseOfTheTextbookAlgorithm(byte[] letters)
    {
        var texts = new string([.. letters.Select(b => "abc d"[b % 5])]).Split(' ');
        var expected = Textbook(texts, merges: 12, minFrequency: 2);
        return BpeTrainer.Train(texts, new BpeTrainerOptions(256 + expected.Select(m => m.Item1 + m.Item2).Distinct().Count())).Merges.SequenceEqual(expected);
    }

    [Property(MaxTest = 30)]
    public bool TheOrderOfTheTextsChangesNothing(NonNull<string>[] texts, int seed)
    {
        string[] corpus = [.. SampleTokenizer.Corpus, .. texts.Select(t => t.Get)];
        var shuffled = corpus.ToArray();
        new Random(seed).Shuffle(shuffled);
        var options = new BpeTrainerOptions(320);
        return BpeTrainer.Train(corpus, options).Merges.SequenceEqual(BpeTrainer.Train(shuffled, options).Merges);
    }

    [Fact]
    public void SavingTwiceGivesTheSameBytes()
    {
        using var one = new TemporaryFolder();
        using var two = new TemporaryFolder();
        SampleTokenizer.Write(one);
        SampleTokenizer.Write(two);
        Assert.All(Directory.GetFiles(one.Path), f => Assert.Equal(File.ReadAllBytes(f), File.ReadAllBytes(two.File(Path.GetFileName(f)))));
    }

    [Theory]
    [InlineData(256, "a special token more than fits", "<s>")]
    [InlineData(300, "listed twice", "<s>", "<s>")]
    [InlineData(300, "a byte's symbol", "!")]
    [InlineData(300, "empty", "")]
    public void ImpossibleOptionsAreRefused(int vocabSize, string why, params string[] special) =>
        Assert.True(Record.Exception(() => BpeTrainer.Train(["a"], new BpeTrainerOptions(vocabSize, 2, special))) is ArgumentException, why);

    [Fact]
    public void FortyThousandShortRowsTakeSeconds()
    {
        var random = new Random(1);
        var words = Enumerable.Range(0, 3000).Select(_ => new string([.. Enumerable.Range(0, random.Next(3, 10)).Select(_ => (char)('a' + random.Next(26) * random.Next(26) / 26))])).ToArray();
        var rows = Enumerable.Range(0, 40_000).Select(_ => string.Join(' ', Enumerable.Range(0, 12).Select(_ => words[random.Next(words.Length)])));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(2048, BpeTrainer.Train(rows, new BpeTrainerOptions(2048)).Tokens.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"took {clock.Elapsed}");
    }

    private static List<(string, string)> Textbook(string[] texts, int merges, int minFrequency)
    {
        var words = texts.Where(t => t.Length > 0).Select(t => t.Select(c => c.ToString()).ToList()).ToList();
        var found = new List<(string, string)>();
        while (found.Count < merges)
        {
            var best = words.SelectMany(w => w.Zip(w.Skip(1))).GroupBy(p => p).Where(g => g.Count() >= minFrequency)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key.First, StringComparer.Ordinal).ThenBy(g => g.Key.Second, StringComparer.Ordinal)
                .FirstOrDefault();
            if (best is null) break;
            found.Add(best.Key);
            foreach (var word in words)
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) != best.Key) continue;
                    word[i] += word[i + 1];
                    word.RemoveAt(i + 1);
                }
        }
        return found;
    }
}
