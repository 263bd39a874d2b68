namespace AlignGuard.Evaluation.Prompts;

/// <summary>How a pair relates to the harmful requests of its category.</summary>
public enum PairForm
{
    /// <summary>A harmful verb with an object it harms.</summary>
    Harmful,

    /// <summary>Look-alike: the verb of a harmful request with a benign object.</summary>
    SameVerb,

    /// <summary>Look-alike: the object of a harmful request with a benign verb.</summary>
    SameObject,
}

/// <summary>Verbs and objects of which every combination is a grammatical request of one form.</summary>
/// <param name="Theme">What kind of help answers the block's requests (<c>people</c>, <c>facts</c>, ...); <c>harm</c> for harmful ones.</param>
public sealed record LexiconBlock(PairForm Form, string Theme, IReadOnlyList<string> Verbs, IReadOnlyList<string> Objects);

/// <summary>The blocks of one category of harm.</summary>
public sealed record LexiconCategory(string Name, IReadOnlyList<LexiconBlock> Blocks)
{
    /// <summary>Every (verb, object) pair of the category, with its block.</summary>
    public IEnumerable<(string Verb, string Object, LexiconBlock Block)> Pairs() =>
        from block in Blocks
        from verb in block.Verbs
        from @object in block.Objects
        select (verb, @object, block);

    internal static LexiconCategory From(PromptLexicon.CategoryFile file)
    {
        var blocks = new List<LexiconBlock>
        {
            new(PairForm.Harmful, "harm", file.Verbs, file.Objects),
            new(PairForm.SameObject, file.BenignVerbs.Theme, file.BenignVerbs.Verbs ?? [], file.Objects),
        };
        // A block of benign objects that names no verbs goes with every harmful verb.
        blocks.AddRange(file.BenignObjects.Select(b => new LexiconBlock(PairForm.SameVerb, b.Theme, b.Verbs ?? file.Verbs, b.Objects ?? [])));
        return new LexiconCategory(file.Name, blocks);
    }
}
