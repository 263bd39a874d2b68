using System.Text.RegularExpressions;

namespace AlignGuard.Models.Chat;

/// <summary>How one family of chat templates writes a message: control tokens and the text between them.</summary>
/// <param name="Open">Control token before the role.</param>
/// <param name="AfterRole">Control token after the role; null when only text separates role and content.</param>
/// <param name="Separator">Text between the role and the content.</param>
/// <param name="Close">Control token that ends the turn.</param>
/// <param name="AfterTurn">Text after it.</param>
/// <param name="TrimContent">The template strips white space around the content.</param>
/// <param name="Bos">The conversation begins with the beginning-of-sequence token.</param>
/// <param name="DefaultSystem">The system message that the template writes when the conversation has none.</param>
internal sealed partial record ChatTemplate(
    string Name, string Open, string? AfterRole, string Separator, string Close, string AfterTurn, bool TrimContent, bool Bos, string? DefaultSystem)
{
    public const string Supported = "ChatML (<|im_start|>, <|im_end|>) and Llama 3 (<|start_header_id|>, <|end_header_id|>, <|eot_id|>)";

    /// <summary>Recognises the family by the control tokens that the Jinja text writes. Null when it is none of the supported.</summary>
    public static ChatTemplate? Recognise(string jinja)
    {
        var bos = jinja.Contains("bos_token", StringComparison.Ordinal);
        if (jinja.Contains("<|im_start|>", StringComparison.Ordinal) && jinja.Contains("<|im_end|>", StringComparison.Ordinal))
            return new("ChatML", "<|im_start|>", null, "\n", "<|im_end|>", "\n", TrimContent: ChatMlTrims().IsMatch(jinja), bos, DefaultSystemOf(jinja));
        // From 3.1 on the template writes dates and tools into every system message: another format.
        if (jinja.Contains("<|start_header_id|>", StringComparison.Ordinal) && jinja.Contains("<|end_header_id|>", StringComparison.Ordinal)
            && jinja.Contains("<|eot_id|>", StringComparison.Ordinal) && !jinja.Contains("Cutting Knowledge", StringComparison.Ordinal))
            return new("Llama 3", "<|start_header_id|>", "<|end_header_id|>", "\n\n", "<|eot_id|>", "", TrimContent: true,
                bos || jinja.Contains("<|begin_of_text|>", StringComparison.Ordinal), DefaultSystem: null);
        return null;
    }

    // Jinja writes a line break as \n inside a string, or as itself.
    private static string? DefaultSystemOf(string jinja) =>
        DefaultSystemPattern().Match(jinja) is { Success: true } match ? match.Groups[1].Value.Replace("\\n", "\n").Replace("\\'", "'") : null;

    [GeneratedRegex(@"<\|im_start\|>system(?:\\n|\n)((?:[^{}'""<\\]|\\n|\\')+)<\|im_end\|>", RegexOptions.CultureInvariant)]
    private static partial Regex DefaultSystemPattern();

    [GeneratedRegex(@"(\['content'\]|\.content)\s*\|\s*trim", RegexOptions.CultureInvariant)]
    private static partial Regex ChatMlTrims();
}
