using AlignGuard.Models.Networks;
using AlignGuard.Models.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Models.Generation;

/// <summary>Batched generation with a key/value cache.</summary>
public static class TextGenerator
{
    /// <summary>The new tokens of every prompt, in the prompts' order, without the stop token.</summary>
    public static int[][] Generate(LanguageModel model, IReadOnlyList<int[]> prompts, GenerationOptions options)
    {
        using var _ = no_grad();
        var answers = new int[prompts.Count][];
        var finished = 0;
        // Prompts of like length share a batch: less padding, the same answers.
        foreach (var batch in Enumerable.Range(0, prompts.Count).OrderBy(i => prompts[i].Length).ThenBy(i => i).Chunk(options.BatchSize))
        {
            using var scope = NewDisposeScope();
            new Batch(model, prompts, batch, options).Run(answers);
            finished += batch.Length;
            options.Progress?.Invoke(finished);
        }
        return answers;
    }

    private sealed class Batch
    {
        private readonly LanguageModel _model;
        private readonly GenerationOptions _options;
        private readonly List<int>[] _answers;
        private readonly int[] _promptIndices;
        private readonly IReadOnlyList<int[]> _prompts;
        private int[] _live;

        public Batch(LanguageModel model, IReadOnlyList<int[]> prompts, int[] indices, GenerationOptions options)
        {
            (_model, _prompts, _promptIndices, _options) = (model, prompts, indices, options);
            _answers = [.. indices.Select(_ => new List<int>())];
            _live = [.. Enumerable.Range(0, indices.Length)];
        }

        public void Run(int[][] answers)
        {
            var device = _model.Device;
            int[][] prompts = [.. _promptIndices.Select(i => _prompts[i])];
            // An encoder reads the prompts; the answers begin behind a token of their own.
            using var source = _model.DecoderStartId is null ? null : SourceTokens.Pack(prompts, _options.PadId, _model.MaxPositions, device);
            if (_model.DecoderStartId is { } start) prompts = [.. prompts.Select(_ => new[] { start })];
            var width = prompts.Max(p => p.Length);
            var padded = prompts.Any(p => p.Length < width);
            var ids = new long[_live.Length, width];
            var valid = new long[_live.Length, width + _options.MaxNewTokens];
            for (var row = 0; row < _live.Length; row++)
            {
                var prompt = prompts[row];
                for (var t = 0; t < width; t++)
                {
                    var from = t - (width - prompt.Length);
                    ids[row, t] = from >= 0 ? prompt[from] : _options.PadId;
                    valid[row, t] = from >= 0 ? 1 : 0;
                }
                for (var t = width; t < valid.GetLength(1); t++) valid[row, t] = 1;
            }
            using var cache = _model.NewCache(_live.Length, width + _options.MaxNewTokens);
            var mask = tensor(valid, device: device);
            var input = tensor(ids, device: device);
            for (var step = 0; step < _options.MaxNewTokens && _live.Length > 0; step++)
            {
                _options.Cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var held = cache.Length + input.shape[1];
                var seen = padded ? mask.narrow(1, 0, held) : null;
                var options = new ForwardOptions
                {
                    Adapter = _options.Adapter,
                    Cache = cache,
                    Source = step == 0 ? source : null,
                    AttentionMask = seen,
                    Positions = seen is null ? null : (seen.cumsum(1) - 1).clamp_min_(0).narrow(1, cache.Length, input.shape[1]).contiguous(),
                };
                var last = arange(1, _live.Length + 1, device: device) * input.shape[1] - 1;
                var next = Choose(_model.LogitsAt(input, last, options), step);
                var tokens = next.cpu().data<long>().ToArray();
                var going = new List<long>();
                for (var row = 0; row < tokens.Length; row++)
                {
                    if (_options.StopIds.Contains((int)tokens[row])) continue;
                    _answers[_live[row]].Add((int)tokens[row]);
                    going.Add(row);
                }
                // Finished answers leave the batch: what is left runs the faster.
                if (going.Count < tokens.Length)
                {
                    _live = [.. going.Select(row => _live[row])];
                    if (_live.Length == 0) break;
                    var rows = tensor(going.ToArray(), device: device);
                    cache.KeepRows(rows);
                    next = next.index_select(0, rows);
                    mask = Replace(mask, mask.index_select(0, rows));
                }
                input = Replace(input, next.unsqueeze(1));
            }
            for (var row = 0; row < _answers.Length; row++) answers[_promptIndices[row]] = [.. _answers[row]];
        }

        private static Tensor Replace(Tensor old, Tensor value)
        {
            value.MoveToOuterDisposeScope();
            old.Dispose();
            return value;
        }

        /// <summary>[N] next tokens of logits [N, vocab].</summary>
        private Tensor Choose(Tensor logits, int step)
        {
            if (_options.Temperature <= 0) return logits.argmax(-1);
            var (probabilities, order) = (logits.to(ScalarType.Float32) / _options.Temperature).softmax(-1).sort(-1, descending: true);
            var cumulative = probabilities.cumsum(-1);
            if (_options.TopP < 1)
            {
                probabilities = probabilities.masked_fill(cumulative - probabilities >= _options.TopP, 0);
                cumulative = probabilities.cumsum(-1);
            }
            var draws = _live.Select(row => (float)Seeds.Host(_options.Seed, "sample", _promptIndices[row], step).NextDouble()).ToArray();
            var threshold = tensor(draws, device: logits.device).unsqueeze(1) * cumulative.narrow(1, cumulative.shape[1] - 1, 1);
            var rank = (cumulative <= threshold).sum(dim: 1).clamp_max_(cumulative.shape[1] - 1);
            return order.gather(1, rank.unsqueeze(1)).squeeze(1);
        }
    }
}
