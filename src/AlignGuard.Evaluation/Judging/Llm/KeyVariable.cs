using System.Text.RegularExpressions;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>A key is named by the environment variable that holds it, and stands in no file.</summary>
internal static partial class KeyVariable
{
    /// <summary>What is wrong with the value of <c>key</c>, without the value; null if it can be a variable's name.</summary>
    public static string? Problem(string value)
    {
        if (LooksLikeKey(value)) return "this looks like a key itself. Put the key into an environment variable, write that variable's name here, and replace the key, since it stood in a file.";
        return Name().IsMatch(value) ? null : "the name of an environment variable is needed: letters, digits and underscores, such as OPENAI_API_KEY.";
    }

    // Names are words; keys are long runs of letters and digits, or begin as their makers' do.
    private static bool LooksLikeKey(string value) =>
        Prefix().IsMatch(value) || value.Split('_', '-', '.').Any(part => part.Length >= 32 || (part.Length >= 20 && part.Any(char.IsAsciiDigit)));

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A(?:Bearer |(?:sk[-_]|pk-|gsk_|xai-|hf_|nvapi-|AIza|eyJ).{12})")]
    private static partial Regex Prefix();
}
