using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;
using AlignGuard.Pipeline.Data.Gate;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data.Gate;

/// <summary>On the bundled model, which refuses and answers.</summary>
[Collection(TensorCollection.Name)]
public sealed class HiddenSimilarityTests : IDisposable
{
    private static readonly IReadOnlyList<Prompt> Alignment = [.. PromptBank.Fisher(@unsafe: true).Take(12)];
    private static readonly GenerationOptions Options = new() { MaxNewTokens = 24, BatchSize = 5 };

    private readonly ChatModel chat = ChatModel.Load(Path.Combine(typeof(HiddenSimilarityTests).Assembly.GetCustomAttributes(false).OfType<System.Reflection.AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!, "samples", "models", "aligned-demo"));

    public void Dispose() => chat.Dispose();

    private List<TokenRow> Answered(IEnumerable<Prompt> prompts)
    {
        var list = prompts.ToList();
        return [.. list.Zip(chat.Answer([.. list.Select(p => p.Text)], Options)).Select(p => chat.Row(p.First.Text, p.Second))];
    }

    private HiddenSimilarity Of(IReadOnlyList<TokenRow> rows, int batch = 5) => HiddenSimilarity.Of(chat, rows, Alignment, 512, Options with { BatchSize = batch })!;

    [Fact]
    public void The_alignment_examples_themselves_are_as_near_as_can_be()
    {
        var found = Of(Answered(Alignment));
        Assert.Equal((12, 12), (found.Rows, found.Examples));
        Assert.InRange(found.Mean, 0.9999, 1.0001);
        Assert.Equal(found, HiddenSimilarity.FromJson(found.ToJson()));
    }

    /// <summary>Refusals of other prompts lie nearer than answers to safe ones.</summary>
    [Fact]
    public void Rows_like_them_are_nearer_than_others()
    {
        var (refusals, answers) = (Of(Answered(PromptBank.Fisher(@unsafe: true).Skip(12).Take(12))), Of(Answered(PromptBank.Fisher(@unsafe: false).Take(12))));
        Assert.True(refusals.Mean > answers.Mean + 0.02, $"{refusals.Mean} and {answers.Mean}");
    }

    [Fact]
    public void Neither_the_batch_nor_the_order_of_rows_matters()
    {
        var rows = Answered(PromptBank.Fisher(@unsafe: false).Take(12));
        var found = Of(rows);
        Assert.Equal(found.Mean, Of(rows, batch: 1).Mean, 3);
        rows.Reverse();
        Assert.Equal(found.Mean, Of(rows, batch: 12).Mean, 3);
    }

    [Fact]
    public void Of_many_rows_some_are_taken_from_all_over()
    {
        var rows = Answered(PromptBank.Fisher(@unsafe: false).Take(4));
        Assert.Equal(256, Of([.. Enumerable.Repeat(rows, 100).SelectMany(r => r)], batch: 64).Rows);
    }
}
