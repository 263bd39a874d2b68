using System.Globalization;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>What a judge has cost a run, over all its processes: a file beside its judgements, a line for each request that was paid for. A run that is taken up again does not begin to count anew.</summary>
internal sealed class SpendingLedger(string path)
{
    private readonly Lock gate = new();

    /// <exception cref="UserFaultException">The file can not be read.</exception>
    public double Read()
    {
        try
        {
            // What was cut off while it was written is no number, or a smaller one.
            return File.Exists(path) ? File.ReadLines(path).Sum(line => double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out var cost) && cost > 0 && double.IsFinite(cost) ? cost : 0) : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e);
        }
    }

    /// <exception cref="UserFaultException">The file can not be written.</exception>
    public void Add(double cost)
    {
        try
        {
            lock (gate)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.AppendAllText(path, "\n" + cost.ToString("R", CultureInfo.InvariantCulture));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(e);
        }
    }

    private UserFaultException Unusable(Exception e) => new($"What the judge has cost, in {path}, can not be read and written ({e.Message}): set cache in the judge's file to a folder where this is allowed.", e);
}
