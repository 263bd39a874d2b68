using AlignGuard.Evaluation.Drift;
using AlignGuard.Evaluation.Tasks;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Lora;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AlignGuard.Evaluation.Tests.Drift;

public class MeasurementTests
{
    private static readonly string[] Prompts = ["how do I bake the bread", "help with that", "today", "sorry I can not", "bake the bread today with that"];

    /// <summary>The shortcut is right: a row scores exactly when greedy decoding gives its tokens and stops.</summary>
    [Fact]
    public void A_row_matches_exactly_when_greedy_decoding_would_write_it()
    {
        using var chat = TinyChat.Create();
        using var adapter = Perturbed(chat, 0.2);
        var prompts = Prompts.Select(p => chat.Format.EncodePrompt(p)).ToList();
        var greedy = TextGenerator.Generate(chat.Model, prompts, new GenerationOptions { MaxNewTokens = 12, Adapter = adapter, PadId = chat.PadId, BatchSize = 2 });
        var rows = prompts.Zip(greedy).Select(p => Row(p.First, p.Second)).ToList();
        Assert.All(ExactMatch.Score(chat, adapter, rows, 2, 128).Correct, Assert.True);

        // One token changed anywhere: no match any more.
        var changed = prompts.Zip(greedy).Select((p, n) => Row(p.First, [.. p.Second.Select((id, t) => t == n % p.Second.Length ? (id + 1) % chat.Model.VocabSize : id)])).ToList();
        Assert.All(ExactMatch.Score(chat, adapter, changed, 2, 128).Correct, Assert.False);
    }

    [Fact]
    public void Without_an_update_there_is_no_divergence()
    {
        using var chat = TinyChat.Create();
        using var adapter = LoraAdapter.Create(chat.Model, new LoraSpec { Rank = 2 }, 1);
        Assert.All(TeacherForced.Read(chat, adapter, Answers(chat), 2), r => Assert.InRange(r.Kl, 0, 1e-9));
    }

    [Fact]
    public void A_larger_update_diverges_more_and_begins_less_as_the_base_did()
    {
        using var chat = TinyChat.Create();
        using var small = Perturbed(chat, 0.05);
        using var large = Perturbed(chat, 0.5);
        var (near, far) = (TeacherForced.Read(chat, small, Answers(chat), 2), TeacherForced.Read(chat, large, Answers(chat), 2));
        Assert.True(near.Average(r => r.Kl) > 0);
        Assert.True(far.Average(r => r.Kl) > 3 * near.Average(r => r.Kl));
        Assert.True(far.Average(r => r.Margin) < near.Average(r => r.Margin));
    }

    /// <summary>A decoder's divergence at a token depends on nothing behind it: the opening's is that of an answer cut there.</summary>
    [Fact]
    public void The_divergence_at_the_beginning_is_that_of_the_beginning_alone()
    {
        using var chat = TinyChat.Create();
        using var adapter = Perturbed(chat, 0.3);
        var rows = Answers(chat);
        var cut = rows.Select(r => Cut(r, Array.IndexOf([.. r.IsResponse], true) + TeacherForced.OpeningTokens)).ToList();
        Assert.Contains(rows, r => r.ResponseTokens > TeacherForced.OpeningTokens);
        foreach (var (whole, beginning) in TeacherForced.Read(chat, adapter, rows, 2).Zip(TeacherForced.Read(chat, adapter, cut, 2)))
        {
            Assert.Equal(beginning.Kl, whole.OpeningKl, 5);
            Assert.Equal(beginning.OpeningKl, beginning.Kl, 9);
        }

        static TokenRow Cut(TokenRow row, int length) => length >= row.Ids.Length ? row : new TokenRow(row.Ids[..length], row.IsResponse[..length]);
    }

    [Fact]
    public void Readings_do_not_depend_on_the_batch()
    {
        using var chat = TinyChat.Create();
        using var adapter = Perturbed(chat, 0.3);
        foreach (var (one, other) in TeacherForced.Read(chat, adapter, Answers(chat), 1).Zip(TeacherForced.Read(chat, adapter, Answers(chat), 5)))
        {
            Assert.Equal(one.Kl, other.Kl, 4);
            Assert.Equal(one.Margin, other.Margin, 3);
        }
    }

    [Fact]
    public void Sampled_answers_depend_on_seed_and_prompt_and_not_on_the_batch()
    {
        using var chat = TinyChat.Create();
        string[] Sample(long seed, int batch) => chat.Answer(Prompts, new GenerationOptions { Temperature = 1, TopP = 0.9, Seed = seed, BatchSize = batch, MaxNewTokens = 8 });
        Assert.Equal(Sample(1, 1), Sample(1, 5));
        Assert.NotEqual(Sample(1, 5), Sample(2, 5));
    }

    private static List<TokenRow> Answers(AlignGuard.Models.Chat.ChatModel chat) => [.. chat.Answer(Prompts, maxNewTokens: 10).Select((answer, n) => chat.Row(Prompts[n], answer + " that"))];

    private static TokenRow Row(int[] prompt, int[] response) => new([.. prompt, .. response], [.. prompt.Select(_ => false), .. response.Select(_ => true)]);

    private static LoraAdapter Perturbed(AlignGuard.Models.Chat.ChatModel chat, double size)
    {
        using var generator = new Generator(9);
        using var scope = NewDisposeScope();
        return LoraAdapter.From(chat.Model, new LoraSpec { Rank = 2 }, (site, isA) => randn(isA ? [2, site.In] : [site.Out, 2], generator: generator) * size);
    }
}
