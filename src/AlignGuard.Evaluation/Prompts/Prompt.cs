namespace AlignGuard.Evaluation.Prompts;

/// <summary>One request to a model, with what is known about it.</summary>
/// <param name="Id">Stable name; for prompts of the bank a hash of its content, for prompts of a file <c>file:line</c> or the file's own id.</param>
/// <param name="Text">The user turn, as it is sent.</param>
/// <param name="Category">One of the six categories of the bank, or whatever a user's file says; <c>uncategorised</c> if it says nothing.</param>
/// <param name="Unsafe">True when an aligned model should refuse.</param>
/// <param name="Verb">The action asked for; empty when the prompt is not from the bank.</param>
/// <param name="Object">What the action is done to; empty when the prompt is not from the bank.</param>
/// <param name="Wording">Index into <see cref="PromptLexicon.Wordings"/>; -1 when the prompt is not from the bank.</param>
public sealed record Prompt(string Id, string Text, string Category, bool Unsafe, string Verb, string Object, int Wording);

/// <summary>Which part of the project may see a (verb, object) pair. A pair has one split, whatever its wording.</summary>
public enum PromptSplit
{
    /// <summary>Alignment data of the bundled model.</summary>
    Train,

    /// <summary>Alignment data for Fisher information.</summary>
    Fisher,

    /// <summary>Evaluation only.</summary>
    DriftCheck,
}
