using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AlignGuard.Models.Chat.Jinja;

namespace AlignGuard.Models.Chat;

/// <summary>A checkpoint's chat template: Jinja text, run as the reference runs it.</summary>
internal sealed partial class ChatTemplate
{
    /// <summary>The day that <c>strftime_now</c> tells. Fixed, so that the same row has the same tokens every day; the one that Llama 3 falls back to.</summary>
    private static readonly DateTime Today = new(2024, 7, 26, 0, 0, 0, DateTimeKind.Unspecified);

    private readonly IReadOnlyList<Statement> body;
    private readonly IReadOnlyDictionary<string, string> tokens;
    private readonly string place;

    /// <param name="place">File and key, for errors.</param>
    /// <param name="tokens">What <c>bos_token</c> and its like stand for.</param>
    /// <exception cref="ModelFormatException">No template, or one that uses what is not supported.</exception>
    public ChatTemplate(string jinja, string place, IReadOnlyDictionary<string, string> tokens)
    {
        (this.place, this.tokens) = (place, tokens);
        try
        {
            body = JinjaParser.Parse(jinja);
        }
        catch (JinjaException e)
        {
            throw Broken(e);
        }
    }

    /// <exception cref="UserFaultException">The template refuses the conversation: in its own words.</exception>
    /// <exception cref="ModelFormatException">The template fails or takes too much.</exception>
    public JinjaResult Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        try
        {
            return new JinjaInterpreter(Budget(messages, out var budget)).Run(body, Globals(messages, addGenerationPrompt, budget));
        }
        catch (JinjaRaisedException e)
        {
            throw new UserFaultException($"{place}: the template refuses the conversation: {e.Message}", e);
        }
        catch (JinjaException e)
        {
            throw Broken(e);
        }
    }

    private ModelFormatException Broken(JinjaException e) => new($"{place}: {e.Message.TrimEnd('.')}. Use the template of the original model, or correct it.", e);

    private static JinjaBudget Budget(IReadOnlyList<ChatMessage> messages, out JinjaBudget budget) =>
        budget = new JinjaBudget(messages.Sum(m => (long)m.Content.Length), messages.Count);

    private JinjaScope Globals(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, JinjaBudget budget)
    {
        var globals = new JinjaScope();
        foreach (var (name, token) in tokens) globals.Set(name, TaggedText.Of(token));
        // The role is one of three known words, so it is the template's text: header and control tokens may surround it.
        globals.Set("messages", messages.Select((m, i) => (object?)JinjaDict.Of(("role", TaggedText.Of(m.Role)), ("content", TaggedText.Of(m.Content, i)))).ToList());
        globals.Set("add_generation_prompt", addGenerationPrompt);
        globals.Set("tools", null);
        globals.Set("documents", null);
        Function("raise_exception", a => throw new JinjaRaisedException(JinjaValue.Text(a.Get(0, "message", TaggedText.Empty), budget).Value));
        Function("strftime_now", a => TaggedText.Of(Date((a.Get(0, "format") as TaggedText)?.Value ?? "")));
        Function("range", a => Range(a, budget));
        Function("dict", a => JinjaDict.Of([.. a.Named]));
        Function("namespace", a =>
        {
            var space = new JinjaNamespace();
            if (a.Positional is [JinjaDict dict])
                foreach (var (key, value) in dict.Entries) space.Entries[key] = value;
            foreach (var (key, value) in a.Named) space.Entries[key] = value;
            return space;
        });
        return globals;

        void Function(string name, Func<CallValues, object?> call) => globals.Set(name, new JinjaFunction(name, call));
    }

    private static List<object?> Range(CallValues arguments, JinjaBudget budget)
    {
        var bounds = arguments.Positional.Select(p => JinjaValue.Integer(p) ?? throw new JinjaException("range() needs integers.")).ToArray();
        if (bounds.Length is 0 or > 3) throw new JinjaException("range() needs one to three integers.");
        var (start, stop, step) = bounds.Length == 1 ? (0, bounds[0], 1) : (bounds[0], bounds[1], bounds.Length == 3 ? bounds[2] : 1);
        if (step == 0) throw new JinjaException("range() needs a step other than zero.");
        var values = new List<object?>();
        for (var i = (Int128)start; step > 0 ? i < stop : i > stop; i += step)
        {
            budget.Text(16);
            values.Add((long)i);
        }
        return values;
    }

    private static string Date(string format)
    {
        var text = new StringBuilder();
        foreach (Match part in Directive().Matches(format))
            text.Append(part.Value switch
            {
                "%d" => Now("dd"), "%-d" => $"{Today.Day}", "%e" => $"{Today.Day,2}", "%b" or "%h" => Now("MMM"), "%B" => Now("MMMM"), "%m" => Now("MM"), "%-m" => $"{Today.Month}", "%Y" => Now("yyyy"), "%y" => Now("yy"),
                "%H" or "%M" or "%S" => "00", "%I" => "12", "%p" => "AM", "%A" => Now("dddd"), "%a" => Now("ddd"), "%j" => $"{Today.DayOfYear:000}", "%F" => Now("yyyy-MM-dd"), "%D" => Now("MM/dd/yy"), "%T" => "00:00:00", "%%" => "%",
                var other => other,
            });
        return text.ToString();

        static string Now(string pattern) => Today.ToString(pattern, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex("%-?.|[^%]+|%", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Directive();
}
