using AlignGuard.Models;

namespace AlignGuard.Pipeline.Data;

/// <summary>A row that was left out.</summary>
/// <param name="Row">Number in a list; null where a row is a line.</param>
/// <param name="Sha256">Of the row's bytes (of a table's row: of its JSON), lower-case hex: the text itself is not kept.</param>
public sealed record QuarantinedRow(string Source, int Line, int? Row, IReadOnlyList<string> Reasons, string Sha256);

/// <summary>How many rows may be left out.</summary>
internal static class Quarantine
{
    /// <exception cref="UserFaultException">More than the share allows.</exception>
    public static void RefuseMany(string source, RowProblems problems, int bad, int good, double most)
    {
        if (bad == 0 || bad <= most * (bad + good)) return;
        throw new UserFaultException([.. problems.Sentences, FormattableString.Invariant($"{source}: {bad:N0} of {bad + good:N0} rows ({100.0 * bad / (bad + good):f2} %) cannot be used, more than data.maxSkipped ({100 * most:0.##} %) allows to leave out.")]);
    }
}
