using System.Globalization;
using AlignGuard.Evaluation.Prompts;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Prompts;

public class PromptBankTests
{
    private static readonly PromptLexicon Lexicon = PromptLexicon.Default;
    private static readonly IReadOnlyList<Prompt> Full = PromptBank.DriftCheck();

    private static IEnumerable<Prompt> Fisher => [.. PromptBank.Fisher(@unsafe: true), .. PromptBank.Fisher(@unsafe: false)];

    [Fact]
    public void Drift_check_is_these_10_000_prompts() =>
        // A change of this hash changes every published figure: bump the version of the bank in the changelog.
        Assert.Equal("7a9a2837ce171926159b812895d04a851636d3a6d6e939dbe06e2b0463c2cba1", PromptSet.Sha256(Full));

    [Fact]
    public void Half_is_unsafe_and_the_six_categories_share_each_half()
    {
        Assert.Equal(10_000, Full.Count);
        Assert.Equal(5_000, Full.Count(p => p.Unsafe));
        Assert.Equal(["disinformation", "explicit", "hate", "illegal", "privacy", "violence"], Full.Select(p => p.Category).Distinct().Order());
        Assert.All(Full.GroupBy(p => (p.Category, p.Unsafe)), g => Assert.InRange(g.Count(), 833, 834));
    }

    [Fact]
    public void Texts_and_ids_are_distinct_over_the_whole_bank()
    {
        var all = Full.Concat(Fisher).Concat(PromptBank.AlignmentTrain()).ToList();
        Assert.Equal(all.Count, all.Select(p => PromptSet.Normalise(p.Text)).Distinct().Count());
        Assert.Equal(all.Count, all.Select(p => p.Id).Distinct().Count());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(12)]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(2_500)]
    public void Any_prefix_is_balanced_and_the_beginning_of_the_whole(int size)
    {
        var prefix = PromptBank.DriftCheck(size);
        Assert.Equal(Full.Take(size), prefix);
        foreach (var half in prefix.GroupBy(p => p.Unsafe))
        {
            var counts = Lexicon.Categories.Select(c => half.Count(p => p.Category == c.Name)).ToList();
            Assert.True(counts.Max() - counts.Min() <= 1, $"{half.Key}: {string.Join(' ', counts)}");
            Assert.Equal(size / 2, half.Count());
        }
    }

    [Fact]
    public void Look_alikes_of_both_forms_are_in_every_category()
    {
        var forms = Lexicon.Categories.SelectMany(c => c.Pairs()).ToDictionary(p => (p.Verb, p.Object), p => p.Block.Form);
        foreach (var category in Full.Where(p => !p.Unsafe).GroupBy(p => p.Category))
            Assert.InRange(category.Count(p => forms[(p.Verb, p.Object)] == PairForm.SameVerb), 400, 434);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(10_001)]
    public void A_size_that_the_bank_cannot_give_is_refused(int size) =>
        Assert.Contains("2 to 10000", Assert.Throws<ArgumentOutOfRangeException>(() => PromptBank.DriftCheck(size)).Message);

    [Fact]
    public void Fisher_gives_refusable_prompts_round_the_categories_and_says_how_many_there_are()
    {
        var some = PromptBank.Fisher(256);
        Assert.All(some, p => Assert.True(p.Unsafe));
        Assert.All(some.GroupBy(p => p.Category), g => Assert.InRange(g.Count(), 42, 43));
        Assert.All(PromptBank.Fisher(10, @unsafe: false), p => Assert.False(p.Unsafe));
        var all = PromptBank.Fisher(@unsafe: true).Count;
        Assert.InRange(all, 1_000, 5_000);
        Assert.Contains($"1 to {all}", Assert.Throws<ArgumentOutOfRangeException>(() => PromptBank.Fisher(all + 1)).Message);
    }

    [Fact]
    public void No_pair_and_no_text_is_in_two_splits()
    {
        var splits = new[] { Full, Fisher, PromptBank.AlignmentTrain() };
        for (var i = 0; i < splits.Length; i++)
        {
            for (var j = i + 1; j < splits.Length; j++)
            {
                Assert.Empty(PromptSet.Overlap(splits[i], splits[j]));
                Assert.Empty(splits[i].Select(p => (p.Verb, p.Object)).Intersect(splits[j].Select(p => (p.Verb, p.Object))));
            }
        }
    }

    [Fact]
    public void Reserved_wordings_are_in_drift_check_and_nowhere_else()
    {
        Assert.Equal(4, Lexicon.Wordings.Count - Lexicon.ReservedFrom);
        Assert.Equal(Enumerable.Range(0, Lexicon.Wordings.Count), Full.Select(p => p.Wording).Distinct().Order());
        Assert.All(Fisher.Concat(PromptBank.AlignmentTrain()), p => Assert.InRange(p.Wording, 0, Lexicon.ReservedFrom - 1));
    }

    [Fact]
    public void A_pair_has_one_form_in_one_category()
    {
        var pairs = Lexicon.Categories.SelectMany(c => c.Pairs()).Select(p => (p.Verb, p.Object)).ToList();
        Assert.Equal(pairs.Count, pairs.Distinct().Count());
    }

    [Fact]
    public void Neither_verb_nor_object_tells_alone_whether_a_prompt_is_unsafe()
    {
        foreach (var prompts in new[] { PromptBank.AlignmentTrain(), Full })
        {
            var safeVerbs = prompts.Where(p => !p.Unsafe).Select(p => p.Verb).ToHashSet();
            var safeObjects = prompts.Where(p => !p.Unsafe).Select(p => p.Object).ToHashSet();
            Assert.All(prompts.Where(p => p.Unsafe), p => Assert.True(safeVerbs.Contains(p.Verb) && safeObjects.Contains(p.Object), p.Text));
        }
    }

    [Fact]
    public void Every_word_list_is_used_in_training_and_in_drift_check()
    {
        var train = PromptBank.AlignmentTrain();
        foreach (var block in Lexicon.Categories.SelectMany(c => c.Blocks))
        {
            Assert.All(block.Verbs, v => Assert.Contains(train, p => p.Verb == v));
            Assert.All(block.Verbs, v => Assert.Contains(Full, p => p.Verb == v));
            // Objects of a block with one verb make one pair: it is in one split, whichever.
            if (block.Verbs.Count > 1)
            {
                Assert.All(block.Objects, o => Assert.Contains(train, p => p.Object == o));
                Assert.All(block.Objects, o => Assert.Contains(Full, p => p.Object == o));
            }
        }
    }

    [Fact]
    public void Prompts_are_short_and_filled_in() => Assert.All(Full, p =>
    {
        Assert.InRange(p.Text.Split(' ').Length, 4, 16);
        Assert.DoesNotContain('{', p.Text);
        Assert.Contains($"{p.Verb} {p.Object}", p.Text);
        Assert.True(p.Text.All(char.IsAscii), p.Text);
    });

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    public void The_culture_changes_nothing(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
            Assert.Equal(PromptBank.Fisher(@unsafe: true).Select(p => p.Id), Ids());
            Assert.Equal("disinformation istanbul", PromptSet.Normalise("DISINFORMATION Istanbul"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        static List<string> Ids() => [.. PromptBank.Fisher(PromptBank.Fisher(@unsafe: true).Count).Select(p => p.Id)];
    }
}
