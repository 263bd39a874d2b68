using System.Globalization;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Llm;

/// <summary>
/// What requests have cost: since the judge was opened, or with a ledger by all processes of one run. Before each, the most that it may cost is set aside; where that would go over the limit, no request is made.
/// </summary>
/// <param name="ledger">Keeps what was spent for those who come after; null = nobody does.</param>
internal sealed class Spending(LlmSettings settings, SpendingLedger? ledger = null)
{
    private readonly Lock gate = new();
    private double spent = ledger?.Read() ?? 0, setAside;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public double Spent
    {
        get
        {
            lock (gate) return spent;
        }
    }

    /// <summary>Tokens of a text, guessed on the high side: English has over four bytes a token.</summary>
    public static long Tokens(int bytes) => (bytes + 2) / 3 + 8;

    public double Cost(long inputTokens, long outputTokens) => settings.Price is { } price ? (inputTokens * price.Input + outputTokens * price.Output) / 1e6 : 0;

    /// <summary>Sets a sum aside; where others' sums stand in the way, waits for what they come to.</summary>
    /// <exception cref="UserFaultException">The limit leaves no room for it.</exception>
    public async Task SetAsideAsync(double sum, CancellationToken cancellation)
    {
        while (true)
        {
            Task wait;
            lock (gate)
            {
                if (settings.MaxCost is not { } most || spent + setAside + sum <= most)
                {
                    setAside += sum;
                    return;
                }
                if (setAside <= 0 || spent + sum > most)
                    throw new UserFaultException(string.Create(CultureInfo.InvariantCulture,
                        $"The judge {settings.Model} has spent {spent:0.######} of maxCost {most:0.######}, and the next request may cost {sum:0.######}: raise maxCost; what is judged stays in the cache and is not paid again."));
                wait = changed.Task;
            }
            await wait.WaitAsync(cancellation);
        }
    }

    /// <summary>Replaces a sum that was set aside by what the request came to.</summary>
    public void Settle(double sum, double cost)
    {
        if (cost > 0) ledger?.Add(cost);
        TaskCompletionSource done;
        lock (gate)
        {
            setAside = Math.Max(0, setAside - sum);
            spent += cost;
            (done, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        done.SetResult();
    }
}
