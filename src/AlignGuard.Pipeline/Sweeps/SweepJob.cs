using System.Text;
using AlignGuard.Domain.Spec;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Pipeline.Store;

namespace AlignGuard.Pipeline.Sweeps;

/// <summary>A sweep file with the job of every cell.</summary>
/// <param name="Jobs">In the order of the cells.</param>
public sealed record SweepJob(SweepSpec Spec, IReadOnlyList<Job> Jobs)
{
    // Of a job (its schema says so).
    private const int LongestName = 64;

    /// <summary>Names the sweep: the same file over the same job is the same sweep, wherever it is started from.</summary>
    public string SweepId => $"{Spec.Name}-{Hashing.Sha256(Encoding.UTF8.GetBytes(string.Join('\n', Jobs.Select(j => j.RunId).Prepend(SweepFile.Hash(Spec)))))[..10]}";

    public SweepPlan Plan => SweepPlan.Of(Spec, cell => SharedKey(Jobs[cell.Index].Spec));

    /// <param name="overrides"><c>key.path=value</c> each, for every cell; a cell's own values win.</param>
    /// <exception cref="UserFaultException">All problems of the sweep file, and of the job under every cell.</exception>
    public static SweepJob Read(string path, IReadOnlyList<string> overrides)
    {
        if (!File.Exists(path)) throw new UserFaultException([$"There is no sweep file {path}. samples/demo-sweep.yaml is one."]);
        return Parse(File.ReadAllBytes(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!, overrides, occurrence: null);
    }

    /// <param name="source">What problems are told of.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <param name="occurrence">Added to the name of the job, so that a sweep that is begun again on schedule is another one, with runs of its own; null = the sweep as such.</param>
    /// <exception cref="UserFaultException">As of <see cref="Read"/>.</exception>
    public static SweepJob Parse(byte[] text, string source, string folder, IReadOnlyList<string> overrides, string? occurrence = null)
    {
        var parsed = SweepFile.ParseUtf8(text, source);
        if (!parsed.IsValid) throw new UserFaultException([.. parsed.Problems.Select(p => p.ToString())]);
        var spec = parsed.Spec!.Value;
        var job = Path.GetFullPath(spec.Job, folder);
        if (occurrence is not null) overrides = [.. overrides, $"name={Named(JobFileReader.Read(job, overrides).Spec.Name, occurrence)}"];
        var (jobs, problems) = (new List<Job>(), new List<string>());
        foreach (var cell in spec.Cells)
        {
            try
            {
                // A guard key in a cell of plain LoRA is what a grid brings with it.
                jobs.Add(JobFileReader.Read(job, [.. overrides, .. cell.Overrides]) with { Warnings = [] });
            }
            catch (UserFaultException e)
            {
                problems.AddRange(e.Problems);
            }
        }
        return problems.Count == 0 ? new SweepJob(spec, jobs) : throw new UserFaultException([.. problems.Distinct()]);
    }

    private static string Named(string name, string occurrence) => $"{name[..Math.Min(name.Length, LongestName - occurrence.Length - 1)]}-{occurrence}";

    /// <summary>
    /// Cells whose baseline and first Fisher are the same work. Coarser or finer than the content hashes by which they are stored does no harm: it only decides what is waited for.
    /// </summary>
    private static string SharedKey(JobSpec s)
    {
        object[] fisher = s.IsGuarded ? [s.Fisher, s.Lora.Targets, s.Train.Seed, s.Guard.Rank.Max] : [];
        return Hashing.Sha256(Encoding.UTF8.GetBytes(string.Join('\n', new object[] { s.Model, s.Data, s.DriftCheck.Prompts, s.DriftCheck.MaxNewTokens, s.Train.SeqLen }.Concat(fisher))))[..16];
    }
}
