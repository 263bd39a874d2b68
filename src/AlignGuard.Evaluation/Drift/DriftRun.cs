using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;

namespace AlignGuard.Evaluation.Drift;

/// <summary>Answers a list of prompts into files, prompts of like length together, and goes on where it was broken off.</summary>
public static class DriftRun
{
    /// <param name="targets">Each batch is answered by all of them before the next: broken off, they have the same prompts but for one batch.</param>
    /// <param name="progress">(answered, all), of all targets together.</param>
    /// <returns>Every answer of each target, in the order of the prompts.</returns>
    /// <exception cref="AlignGuard.Models.UserFaultException">A file holds answers to other prompts, of another origin or read by other judges.</exception>
    public static async Task<IReadOnlyList<IReadOnlyList<PromptAnswer>>> IntoAsync(IReadOnlyList<DriftTarget> targets, ChatModel model, IReadOnlyList<Prompt> prompts, JudgePanel judges, GenerationOptions options, Action<int, int> progress)
    {
        var known = prompts.ToDictionary(p => p.Id, StringComparer.Ordinal);
        var held = targets.Select(t => File.Exists(t.Path) ? AnswerFile.Read(t.Path) : []).ToList();
        var problems = targets.SelectMany((t, n) => Problems(t, held[n], known, judges)).ToList();
        if (problems.Count > 0) throw new AlignGuard.Models.UserFaultException(problems);

        var answers = held.Select(h => h.ToDictionary(a => a.Id, StringComparer.Ordinal)).ToList();
        var files = new List<StreamWriter>();
        try
        {
            files.AddRange(targets.Select(t => AnswerFile.Append(t.Path)));
            foreach (var batch in prompts.Where(p => answers.Any(a => !a.ContainsKey(p.Id))).OrderBy(p => p.Text.Length).ThenBy(p => p.Id, StringComparer.Ordinal).Chunk(options.BatchSize))
            {
                for (var n = 0; n < targets.Count; n++)
                {
                    options.Cancellation.ThrowIfCancellationRequested();
                    Prompt[] left = [.. batch.Where(p => !answers[n].ContainsKey(p.Id))];
                    if (left.Length == 0) continue;
                    foreach (var answer in await Answering.RunAsync(model, left, judges, options with { Adapter = targets[n].Adapter }))
                    {
                        var own = answer with { Origin = targets[n].Origin };
                        files[n].WriteLine(AnswerFile.Write(own));
                        answers[n].Add(own.Id, own);
                    }
                }
                progress(answers.Sum(a => a.Count), targets.Count * prompts.Count);
            }
        }
        finally
        {
            foreach (var file in files) file.Dispose();
        }
        return [.. answers.Select(a => (IReadOnlyList<PromptAnswer>)[.. prompts.Select(p => a[p.Id])])];
    }

    /// <summary>Why what a file holds cannot be gone on with.</summary>
    private static IEnumerable<string> Problems(DriftTarget target, IReadOnlyList<PromptAnswer> held, Dictionary<string, Prompt> known, JudgePanel judges)
    {
        var strangers = held.Where(a => !known.TryGetValue(a.Id, out var p) || p.Text != a.Prompt || p.Unsafe != a.Unsafe).Select(a => $"{target.Path} holds an answer to prompt {a.Id}, which is not among those asked for, or reads otherwise there: name another file.").Take(20).ToList();
        if (strangers.Count > 0) return strangers;
        return held.Where(a => a.Origin != target.Origin).Take(1).Select(_ => $"{target.Path} holds answers of another model, adapter or length of answer: name another file.")
            .Concat(held.Where(a => a.Judge != judges.Name || !judges.Roles.Seconds.Order(StringComparer.Ordinal).SequenceEqual((a.Opinions?.Keys ?? []).Order(StringComparer.Ordinal)) || a.ToxicityJudge != judges.ToxicityName)
                .Take(1).Select(a => $"{target.Path} holds answers that other judges read ({string.Join(", ", new[] { a.Judge, a.ToxicityJudge }.Concat(a.Opinions?.Keys ?? []).OfType<string>().Distinct())}): name another file."));
    }
}
