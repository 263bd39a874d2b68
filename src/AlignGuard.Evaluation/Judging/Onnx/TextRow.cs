namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>One text, or pair of texts, as a classifier reads it.</summary>
/// <param name="Types">The segment of each token.</param>
internal sealed record TextRow(int[] Ids, int[] Types)
{
    /// <summary>
    /// Texts put into a template and cut on the right, so that all of it has at most so many tokens. Of two texts the longer is cut first; of equal ones the second.
    /// </summary>
    public static TextRow Of(IReadOnlyList<TemplatePart> template, IReadOnlyList<int[]> texts, int longest)
    {
        var room = longest - template.Sum(p => p.Ids.Count);
        var kept = Kept([.. texts.Select(t => t.Length)], room);
        var (ids, types) = (new List<int>(), new List<int>());
        foreach (var part in template)
        {
            ids.AddRange(part.Text is { } text ? texts[text].AsSpan(0, kept[text]) : part.Ids.ToArray());
            while (types.Count < ids.Count) types.Add(part.TypeId);
        }
        return new TextRow([.. ids], [.. types]);
    }

    /// <summary>A conversation, cut on the right.</summary>
    public static TextRow Of(int[] ids, int longest) => new(ids.Length <= longest ? ids : ids[..longest], new int[Math.Min(ids.Length, longest)]);

    private static int[] Kept(int[] lengths, int room)
    {
        if (lengths is not [var first, var second]) return [Math.Min(lengths[0], room)];
        if (first + second <= room) return [first, second];
        var half = room / 2;
        if (second <= half) return [room - second, second];
        return first <= room - half ? [first, room - first] : [room - half, half];
    }
}
