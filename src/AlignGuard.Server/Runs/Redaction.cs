using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using AlignGuard.Models;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Server.Runs;

/// <summary>
/// Sentences for logs and answers. Problems of data may quote a row or a prompt, which may be harmful or private: what stands in double quotes and has more than
/// one word is replaced by its length and hash. Messages of faults that nobody foresaw may hold anything and are not passed on at all.
/// </summary>
internal static partial class Redaction
{
    private const int Longest = 2000;

    public static string Sentence(string text)
    {
        var clean = Quoted().Replace(text, match => Replaced(match.Value[1..^1]));
        // An odd quote is left: what follows it may be the rest of a quotation.
        if (clean.Count(c => c == '"') % 2 == 1) clean = clean[..clean.LastIndexOf('"')] + Replaced(clean[(clean.LastIndexOf('"') + 1)..]);
        clean = string.Concat(clean.Select(c => char.IsControl(c) ? ' ' : c));
        return clean.Length <= Longest ? clean : clean[..Longest] + "...";
    }

    /// <summary>What may be told of a failure.</summary>
    public static string Fault(Exception e) => e switch
    {
        UserFaultException fault => string.Join(' ', fault.Problems.Select(Sentence)),
        StoreException or NotFoundException or ConflictException => Sentence(e.Message),
        Azure.RequestFailedException { Status: 0 } => "The storage service cannot be reached.",
        Azure.RequestFailedException r => $"The storage service answered {r.Status} {r.ErrorCode}.",
        _ => $"{e.GetType().FullName} in {e.TargetSite?.DeclaringType?.FullName}.{e.TargetSite?.Name}.",
    };

    private static string Replaced(string text) => $"[{text.Length} characters, sha-256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12]}]";

    // A single word in quotes is a key, a value or a name.
    [GeneratedRegex("\"[^\"\\s]*\\s[^\"]*\"", RegexOptions.Singleline)]
    private static partial Regex Quoted();
}
