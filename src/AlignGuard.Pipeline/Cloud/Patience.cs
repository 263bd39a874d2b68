namespace AlignGuard.Pipeline.Cloud;

/// <summary>
/// Bookkeeping (opening, recording, looking) is no command of the decider and has no attempts: giving it up would lose what happened. While the store is away it is asked again, later and later.
/// </summary>
internal static class Patience
{
    private const double First = 5, Longest = 600;

    // Of failures that nobody foresaw; the instance fails after them and can be started again, since everything is in the store.
    private const int MostFailures = 10;

    /// <param name="trouble">The sentence of an answer that could not be given; null = it is one.</param>
    /// <param name="says">Told of the trouble; null when it is over.</param>
    /// <exception cref="ActivityFailedException">It keeps throwing.</exception>
    public static async Task<TAnswer> AskAsync<TAnswer>(IOrchestration host, string activity, object request, Func<TAnswer, string?> trouble, Action<string?> says, Action count)
    {
        var (wait, failures) = (First, 0);
        for (var told = false; ; told = true)
        {
            string sentence;
            try
            {
                count();
                var answer = await host.CallAsync<TAnswer>(activity, request);
                if (trouble(answer) is not { } problem)
                {
                    if (told) says(null);
                    return answer;
                }
                sentence = problem;
            }
            catch (ActivityFailedException e) when (++failures < MostFailures)
            {
                sentence = Bounded.Sentence(e.Message);
            }
            says(sentence);
            count();
            await host.TimerAsync(TimeSpan.FromSeconds(wait), CancellationToken.None);
            wait = Math.Min(wait * 2, Longest);
        }
    }
}
