using AlignGuard.Evaluation.Judging;
using AlignGuard.Evaluation.Prompts;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Generation;

namespace AlignGuard.Evaluation.Drift;

/// <summary>Answers a list of prompts into a file, prompts of like length together, and goes on where it was broken off.</summary>
public static class DriftRun
{
    /// <param name="origin">A hash of model, adapter and settings: answers of another are not gone on with.</param>
    /// <param name="progress">(answered, all).</param>
    /// <returns>Every answer, in the order of the prompts.</returns>
    /// <exception cref="AlignGuard.Models.UserFaultException">The file holds answers to other prompts, of another origin or read by other judges.</exception>
    public static async Task<IReadOnlyList<PromptAnswer>> IntoAsync(string path, ChatModel model, IReadOnlyList<Prompt> prompts, JudgePanel judges, GenerationOptions options, string origin, Action<int, int> progress)
    {
        var held = File.Exists(path) ? AnswerFile.Read(path) : [];
        var known = prompts.ToDictionary(p => p.Id, StringComparer.Ordinal);
        var strangers = held.Where(a => !known.TryGetValue(a.Id, out var p) || p.Text != a.Prompt || p.Unsafe != a.Unsafe).Select(a => $"{path} holds an answer to prompt {a.Id}, which is not among those asked for, or reads otherwise there: name another --out.").Take(20).ToList();
        if (strangers.Count > 0) throw new AlignGuard.Models.UserFaultException(strangers);
        var others = held.Where(a => a.Origin != origin).Take(1).Select(_ => $"{path} holds answers of another model, adapter or length of answer: name another --out.")
            .Concat(held.Where(a => a.Judge != judges.Name || !judges.Roles.Seconds.Order(StringComparer.Ordinal).SequenceEqual((a.Opinions?.Keys ?? []).Order(StringComparer.Ordinal)) || a.Toxicity is null == judges.Roles.ReadsToxicity)
                .Take(1).Select(a => $"{path} holds answers that other judges read ({string.Join(", ", new[] { a.Judge }.Concat(a.Opinions?.Keys ?? []))}): name another --out.")).ToList();
        if (others.Count > 0) throw new AlignGuard.Models.UserFaultException(others);

        var answers = held.ToDictionary(a => a.Id, StringComparer.Ordinal);
        using (var file = AnswerFile.Append(path))
        {
            foreach (var batch in prompts.Where(p => !answers.ContainsKey(p.Id)).OrderBy(p => p.Text.Length).ThenBy(p => p.Id, StringComparer.Ordinal).Chunk(options.BatchSize))
            {
                options.Cancellation.ThrowIfCancellationRequested();
                foreach (var answer in await Answering.RunAsync(model, batch, judges, options))
                {
                    var own = answer with { Origin = origin };
                    file.WriteLine(AnswerFile.Write(own));
                    answers.Add(own.Id, own);
                }
                progress(answers.Count, prompts.Count);
            }
        }
        return [.. prompts.Select(p => answers[p.Id])];
    }
}
