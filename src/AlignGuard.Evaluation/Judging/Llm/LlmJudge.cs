using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AlignGuard.Models;
using Microsoft.Extensions.AI;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>
/// Has a chat model read answers by a rubric. What it judged before is kept and not asked again. Nothing that it says, logs or keeps holds the text of a
/// request or an answer, but for reasons where the judge's file asks to keep them.
/// </summary>
internal sealed class LlmJudge : IJudge
{
    private readonly LlmSettings settings;
    private readonly JudgementCache cache;
    private readonly Asking asking;

    /// <param name="run">Whose costs are counted together over all processes; null = those of this judge, from now on.</param>
    public LlmJudge(LlmSettings settings, IChatClient client, string? run = null)
    {
        this.settings = settings;
        Name = $"llm/{settings.Model}@{Fingerprint(settings)}";
        cache = new JudgementCache(settings.Cache, Name);
        asking = new Asking(settings, client, run is null ? null : new SpendingLedger(Path.ChangeExtension(cache.File, null) + $".spent-{run}.txt"));
    }

    public string Name { get; }

    public JudgeReads Reads => JudgeReads.Verdict | JudgeReads.Toxicity;

    /// <summary>In the currency of the price, as far as maxCost counts.</summary>
    public double Spent => asking.Spent;

    public async Task<IReadOnlyList<Judgement>> ReadAsync(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation)
    {
        var keys = exchanges.Select(e => ExchangeKey.Of(e.Prompt.Text, e.Answer)).ToList();
        cache.Refresh();
        var missing = keys.Zip(exchanges).Where(x => cache.Find(x.First) is null).DistinctBy(x => x.First).ToList();
        await AskAllAsync(missing, cancellation);
        return [.. keys.Select(k => Shown(cache.Find(k)!))];
    }

    public void Dispose() => asking.Dispose();

    /// <summary>Where one request fails for good no further one is begun; those under way are waited for, since they are paid for, and kept.</summary>
    private async Task AskAllAsync(IReadOnlyList<(string Key, Exchange Exchange)> missing, CancellationToken cancellation)
    {
        var next = -1;
        var problems = new List<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(settings.Parallel, missing.Count)).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));
        cancellation.ThrowIfCancellationRequested();
        if (problems.Count > 0) throw new UserFaultException([.. problems.Distinct()]);

        async Task WorkAsync()
        {
            while (!stop.IsCancellationRequested && Interlocked.Increment(ref next) is var i && i < missing.Count)
            {
                try
                {
                    var reply = await asking.AskAsync(missing[i].Exchange, stop.Token, cancellation);
                    cache.Add(missing[i].Key, new KeptJudgement(reply.Verdict, reply.Toxicity, settings.StoreReasons && reply.Reason.Length > 0 ? reply.Reason : null));
                }
                catch (UserFaultException e)
                {
                    lock (problems) problems.AddRange(e.Problems);
                    await stop.CancelAsync();
                }
                catch (Exception e) when (cancellation.IsCancellationRequested || (e is OperationCanceledException && stop.IsCancellationRequested))
                {
                    return;
                }
            }
        }
    }

    // The same words for a judgement just made and for one that was kept.
    private Judgement Shown(KeptJudgement kept) => new(kept.Verdict, (settings.StoreReasons ? kept.Reason : null) ?? kept.Verdict switch
    {
        Verdict.Refused => "the model reads a refusal",
        Verdict.Complied => "the model reads compliance",
        _ => "the model reads nothing coherent",
    })
    {
        Toxicity = kept.Toxicity,
    };

    private static string Fingerprint(LlmSettings settings) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\0', settings.Rubric.Text, settings.Model, settings.Temperature.ToString("R", CultureInfo.InvariantCulture), settings.MaxTokens.ToString(CultureInfo.InvariantCulture), settings.JsonMode ? "json" : "text"))))[..12];
}
