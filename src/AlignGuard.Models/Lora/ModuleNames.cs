using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace AlignGuard.Models.Lora;

/// <summary>Modules as PEFT names them: a list, each a whole name or the end of one behind a dot, or a regular expression for whole names.</summary>
[CollectionBuilder(typeof(ModuleNames), nameof(Of))]
public sealed class ModuleNames : IEnumerable<string>
{
    public const string AllLinear = "all-linear";

    private readonly string[] _names;
    private readonly Regex? _pattern;

    private ModuleNames(string[] names, string? pattern)
    {
        _names = names;
        Pattern = pattern;
        // Names are few and short; what a pattern of a stranger's file may do is bounded.
        if (pattern is not null) _pattern = new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
    }

    /// <summary>The regular expression; null = a list.</summary>
    public string? Pattern { get; }

    public bool IsEmpty => Pattern is null && _names.Length == 0;

    public static ModuleNames Of(ReadOnlySpan<string> names) => new(names.ToArray(), null);

    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    public static ModuleNames Matching(string pattern) => new([], pattern);

    /// <summary>What each entry of the list, or the pattern, means by itself.</summary>
    public IEnumerable<(string Entry, Func<string, bool> Matches)> Entries() =>
        _pattern is { } pattern ? [(Pattern!, Full(pattern))] : _names.Select(name => (name, (Func<string, bool>)(module => Matches(module, name))));

    public bool Match(string module) => Entries().Any(entry => entry.Matches(module));

    public IEnumerator<string> GetEnumerator() => _names.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Func<string, bool> Full(Regex pattern) => module =>
    {
        try
        {
            return pattern.IsMatch(module);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new UserFaultException([$"The regular expression '{pattern}' takes too long on the name {module}: write a simpler one."]);
        }
    };

    private static bool Matches(string module, string name) => name == AllLinear ? module != "lm_head" : module == name || module.EndsWith("." + name, StringComparison.Ordinal);
}
