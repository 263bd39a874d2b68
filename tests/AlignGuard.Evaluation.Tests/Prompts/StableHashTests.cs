using AlignGuard.Evaluation.Prompts;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Prompts;

public class StableHashTests
{
    // Computed once by an independent implementation (FNV-1a 64, then SplitMix64's finaliser): they must never change.
    [Fact]
    public void Known_values_hold()
    {
        Assert.Equal(17665956581633026203UL, StableHash.Of(""));
        Assert.Equal(2579630520774546031UL, StableHash.Of("kill", "my neighbour"));
        Assert.Equal(16195296087438488975UL, StableHash.Of("café"));
    }

    [Fact]
    public void The_reference_sequence_of_split_mix_64_holds()
    {
        // The first outputs for seed 1234567, as published with the generator's reference code.
        var random = new StableRandom(1234567);
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL, 4593380528125082431UL, 16408922859458223821UL],
            Enumerable.Range(0, 5).Select(_ => random.Next()));
    }

    [Property]
    public bool Parts_do_not_run_together(NonEmptyString a, NonEmptyString b) =>
        (a.Get + b.Get).Contains('\u001F') || StableHash.Of(a.Get, b.Get) != StableHash.Of(a.Get + b.Get);

    [Property]
    public bool An_index_is_within_its_range(NonEmptyString text, PositiveInt count) =>
        StableHash.Index(count.Get, text.Get) is var i && i >= 0 && i < count.Get;

    [Property]
    public bool Shuffling_keeps_every_item(ulong seed, int[] items)
    {
        var shuffled = items.ToList();
        new StableRandom(seed).Shuffle(shuffled);
        return shuffled.Order().SequenceEqual(items.Order());
    }
}
