using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AlignGuard.Models;

namespace AlignGuard.Evaluation.Judging.Onnx;

/// <summary>Reads answers with a text classifier in ONNX form, on the processor. A text's judgement does not depend on what is read beside it.</summary>
internal sealed class OnnxJudge : IJudge
{
    private readonly ClassifierSession session;
    private readonly RowEncoder encoder;
    private readonly LabelReading reading;
    private readonly int batch;

    private OnnxJudge(ClassifierSession session, RowEncoder encoder, LabelReading reading, int batch, string name) =>
        (this.session, this.encoder, this.reading, this.batch, Name) = (session, encoder, reading, batch, name);

    public string Name { get; }

    public JudgeReads Reads => reading.Reads;

    /// <exception cref="UserFaultException">A file is missing, damaged or of a kind that is not supported, or what its labels mean is not plain and not told.</exception>
    public static OnnxJudge Open(OnnxSettings settings)
    {
        var files = ClassifierFolder.Find(settings.Model);
        var config = ClassifierConfig.Read(files);
        var session = ClassifierSession.Open(files.Model, settings.Threads);
        try
        {
            var reading = LabelMeaning.Of(settings, config, File.Exists(files.Config) ? $"{files.Config}: id2label" : files.Folder);
            if (session.Labels is { } count && count != reading.Labels.Count)
                throw new UserFaultException($"{files.Model} tells {count} labels apart, and {reading.Labels.Count} are named ({string.Join(", ", reading.Labels)}): the files are of different models, or labels of the judge's file is wrong.");
            var longest = Longest(settings, config, session, files);
            var encoder = RowEncoder.Load(files, settings.Input, longest, config.PadId);
            return new OnnxJudge(session, encoder, reading, session.FixedRows ?? settings.Batch, $"onnx/{files.Name}@{Fingerprint(files, settings, reading, encoder, longest)}");
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public Task<IReadOnlyList<Judgement>> ReadAsync(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation) => Task.Run(() => Read(exchanges, cancellation), cancellation);

    public void Dispose() => session.Dispose();

    private IReadOnlyList<Judgement> Read(IReadOnlyList<Exchange> exchanges, CancellationToken cancellation)
    {
        var rows = exchanges.Select(e => encoder.Encode(e)).ToList();
        var judgements = new Judgement[rows.Count];
        foreach (var part in Batches(rows))
        {
            cancellation.ThrowIfCancellationRequested();
            var together = part.Select(i => rows[i]).ToList();
            // A model of a fixed number of rows gets its last ones filled up.
            while (together.Count < (session.FixedRows ?? 0)) together.Add(together[^1]);
            var logits = session.Logits(together, encoder.PadId);
            if (logits[0].Length != reading.Labels.Count)
                throw new UserFaultException($"{Name} tells {logits[0].Length} labels apart, and {reading.Labels.Count} are named ({string.Join(", ", reading.Labels)}).");
            for (var i = 0; i < part.Count; i++) judgements[part[i]] = reading.Read(logits[i]);
        }
        return judgements;
    }

    // Of like length together: little is padding. The longest first: what does not fit into memory fails at once.
    private IEnumerable<IReadOnlyList<int>> Batches(List<TextRow> rows)
    {
        var byLength = Enumerable.Range(0, rows.Count).OrderByDescending(i => rows[i].Ids.Length);
        return session.IsMasked ? byLength.Chunk(batch) : byLength.GroupBy(i => rows[i].Ids.Length).SelectMany(g => g.Chunk(batch));
    }

    private static int Longest(OnnxSettings settings, ClassifierConfig config, ClassifierSession session, ClassifierFolder files)
    {
        if (session.FixedLength is not null && !session.IsMasked) throw new UserFaultException($"{files.Model} takes rows of {session.FixedLength} tokens only and has no attention_mask: padding would be read as text. Export it with lengths left open.");
        var limits = new List<(int Limit, string Place)>();
        if (config.Positions is { } positions) limits.Add((positions, $"{files.Config}: max_position_embeddings"));
        if (session.FixedLength is { } fixedLength) limits.Add((fixedLength, files.Model));
        if (settings.MaxLength is { } wished)
        {
            if (limits.Where(l => l.Limit < wished).ToList() is { Count: > 0 } lower) throw new UserFaultException([.. lower.Select(l => $"maxLength is {wished}, and the model takes {l.Limit} tokens at most ({l.Place}): give no more.")]);
            return wished;
        }
        if (config.TokenizerLength is { } length) limits.Add((length, files.TokenizerConfig));
        return limits.Count == 0 ? 512 : limits.Min(l => l.Limit);
    }

    /// <summary>Of all that a judgement depends on: weights, tokenizer, and how they are used.</summary>
    private static string Fingerprint(ClassifierFolder files, OnnxSettings settings, LabelReading reading, RowEncoder encoder, int longest)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        foreach (var path in files.Weights.Append(files.Tokenizer))
        {
            using var file = File.OpenRead(path);
            sha.AppendData(BitConverter.GetBytes(file.Length));
            for (int read; (read = file.Read(buffer)) > 0;) sha.AppendData(buffer, 0, read);
        }
        var used = new
        {
            input = settings.Input.ToString(), labels = reading.Labels, toxic = reading.Toxic, activation = reading.Activation.ToString(),
            verdicts = reading.Verdicts.OrderBy(v => v.Key).Select(v => $"{v.Key}={v.Value}"), longest, padding = encoder.PadId, chat = encoder.ChatTemplate,
        };
        sha.AppendData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(used)));
        return Convert.ToHexStringLower(sha.GetHashAndReset())[..12];
    }
}
