namespace AlignGuard.Pipeline.Demo;

/// <summary>The rows of one skill, parted into those trained on and those held out.</summary>
internal sealed record SkillRows(IReadOnlyList<ChatRow> Train, IReadOnlyList<ChatRow> HeldOut)
{
    /// <summary>Parts rows by a rule. The held-out ones come in hash order, so that any prefix is a fair sample.</summary>
    public static SkillRows Part<T>(IEnumerable<T> items, Func<T, bool> heldOut, Func<T, ChatRow> row)
    {
        var parts = items.ToLookup(heldOut, row);
        return new SkillRows(
            [.. parts[false]],
            [.. parts[true].OrderBy(r => Evaluation.Prompts.StableHash.Of("held-out", r.User))]);
    }
}
