using System.Text;

namespace AlignGuard.Evaluation.Tasks.Benchmarks;

/// <summary>An item with what the model made of it.</summary>
/// <param name="LogLikelihoods">Per choice, nats, summed over its tokens; empty where the model wrote.</param>
/// <param name="Text">What the model wrote; null where it chose.</param>
/// <param name="Cut">Tokens of the prompt that were left out at its beginning because the model's context is shorter.</param>
public sealed record AnsweredItem(BenchmarkItem Item, IReadOnlyList<double> LogLikelihoods, string? Text, int Cut)
{
    /// <summary>The likeliest choice; of equals the first. -1 where the model wrote.</summary>
    public int Chosen { get; } = Likeliest(LogLikelihoods);

    /// <summary>The choice that is likeliest per character (code point), so that long answers do not lose by their length alone.</summary>
    public int ChosenPerCharacter { get; } = Likeliest([.. LogLikelihoods.Zip(Item.Choices, (l, choice) => l / choice.EnumerateRunes().Count())]);

    /// <summary>The choice that is likeliest per byte of its UTF-8 text.</summary>
    public int ChosenPerByte { get; } = Likeliest([.. LogLikelihoods.Zip(Item.Choices, (l, choice) => l / Encoding.UTF8.GetByteCount(choice))]);

    private static int Likeliest(IReadOnlyList<double> figures)
    {
        var best = figures.Count - 1;
        for (var n = best - 1; n >= 0; n--)
            if (figures[n] >= figures[best]) best = n;
        return best;
    }
}
