using AlignGuard.Guards.Fisher;
using AlignGuard.Models;
using AlignGuard.Models.Batches;
using AlignGuard.Models.Generation;
using AlignGuard.Models.Networks;
using AlignGuard.Models.Lora;
using AlignGuard.Models.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace AlignGuard.Pipeline.Verification;

/// <summary>One quantity compared with the reference.</summary>
/// <param name="Name">Key in the dump.</param>
/// <param name="Difference">Largest absolute difference; for generated tokens the number of different ones.</param>
/// <param name="Allowed">Largest difference accepted.</param>
public sealed record ReferenceComparison(string Name, double Difference, double Allowed)
{
    public bool Passed => Difference <= Allowed;
}

/// <summary>
/// Compares this runtime with a dump of Hugging Face transformers + peft on the same checkpoint: logits, losses, LoRA gradients,
/// per-example gradients, Fisher factors and greedy generations. What the dump does not hold is not compared.
/// </summary>
public static class ReferenceCheck
{
    /// <summary>Largest absolute difference accepted in float32.</summary>
    public const double Tolerance = 1e-4;

    /// <param name="modelFolder">Checkpoint folder.</param>
    /// <param name="dump">expected.safetensors.</param>
    /// <param name="adapterFolder">PEFT adapter of the dump's <c>lora.*</c> entries; null when it has none.</param>
    /// <param name="device">Where to compute; null = the processor.</param>
    public static IReadOnlyList<ReferenceComparison> Run(string modelFolder, string dump, string? adapterFolder, Device? device = null)
    {
        using var scope = NewDisposeScope();
        using var model = LanguageCheckpoint.Load(modelFolder, device: device);
        var expected = SafetensorsFile.Load(dump).ToDictionary(t => t.Key, t => t.Value.to(model.Device));
        if (!expected.ContainsKey("input_ids"))
            throw new ModelFormatException([$"{dump}: tensor input_ids is missing. A reference dump holds input_ids, attention_mask, labels and what the reference computed with them."]);
        if (adapterFolder is null && expected.Keys.Any(key => key.StartsWith("lora.", StringComparison.Ordinal)))
            throw new ModelFormatException([$"{dump} holds lora.* entries but no adapter was given: name its PEFT folder with --adapter."]);
        using var adapter = adapterFolder is null ? null : PeftAdapter.Load(model, adapterFolder);
        IReadOnlyList<ReferenceComparison> compared = [.. new Comparer(model, adapter, expected).All()];
        return compared.Count > 0 ? compared : throw new ModelFormatException([$"{dump} holds nothing to compare: no logits, losses, gradients, Fisher factors or generations."]);
    }

    private sealed class Comparer(LanguageModel model, LoraAdapter? adapter, IReadOnlyDictionary<string, Tensor> expected)
    {
        public IEnumerable<ReferenceComparison> All()
        {
            var results = new List<ReferenceComparison>();
            Forward(results, "base", null);
            if (adapter is not null) Forward(results, "lora", adapter);
            LeftPadded(results);
            PerExample(results);
            Generation(results, "base", null);
            if (adapter is not null) Generation(results, "lora", adapter);
            return results;
        }

        private void Forward(List<ReferenceComparison> results, string name, LoraAdapter? lora)
        {
            if (!expected.ContainsKey($"{name}.logits")) return;
            using var scope = NewDisposeScope();
            var options = new ForwardOptions { Adapter = lora };
            using (no_grad())
            {
                // Row 1 is padded on the right; logits there mean nothing.
                var real = (model.DecoderStartId is null ? expected["attention_mask"] : expected["labels"] != -100).unsqueeze(-1).to(ScalarType.Float32);
                var logits = model.DecoderStartId is { } start ? model.Logits(ShiftedRight(start), options with { Source = new SourceTokens(expected["input_ids"], expected["attention_mask"]) }) : model.Logits(expected["input_ids"], options);
                results.Add(Compare($"{name}.logits", logits * real, expected[$"{name}.logits"] * real));
            }
            if (!expected.ContainsKey("labels") || !expected.ContainsKey($"{name}.loss")) return;
            foreach (var parameter in lora?.Parameters ?? []) parameter.grad = null;
            using var batch = Batch();
            var loss = ResponseLoss.PerToken(model, batch, options).mean();
            results.Add(Compare($"{name}.loss", loss, expected[$"{name}.loss"]));
            if (lora is null) return;
            loss.backward();
            foreach (var group in lora.Groups)
                for (var n = 0; n < group.Sites.Count; n++)
                    foreach (var (isA, parameter) in new[] { (true, group.A), (false, group.B) })
                    {
                        var key = "lora.grad." + PeftAdapter.Key(group.Sites[n], isA);
                        if (expected.TryGetValue(key, out var reference)) results.Add(Compare(key, parameter.grad![n], reference));
                    }
        }

        private void LeftPadded(List<ReferenceComparison> results)
        {
            if (!expected.TryGetValue("left.input_ids", out var ids)) return;
            using var _ = no_grad();
            using var scope = NewDisposeScope();
            var mask = expected["left.attention_mask"];
            var real = mask.unsqueeze(-1).to(ScalarType.Float32);
            foreach (var (name, positions) in new[] { ("left.logits_mask_pos", (Tensor?)expected["left.position_ids"]), ("left.logits_default_pos", null) })
                results.Add(Compare(name, model.Logits(ids, new ForwardOptions { AttentionMask = mask, Positions = positions }) * real, expected[name] * real));
        }

        private void PerExample(List<ReferenceComparison> results)
        {
            if (!expected.TryGetValue("persample.loss", out var losses) || !expected.ContainsKey("labels")) return;
            using var scope = NewDisposeScope();
            using var batch = Batch();
            using var tap = new GramTap(model.Linears);
            var perToken = ResponseLoss.PerToken(model, batch, new ForwardOptions { Tap = tap });
            // The dump's per-row losses are means over the row's tokens.
            var rows = ResponseLoss.RowSums(perToken, batch) / tensor(batch.ResponseTokens.Select(c => (float)c).ToArray(), device: model.Device);
            results.Add(Compare("persample.loss", rows, losses));
            rows.sum().backward();
            using var _ = no_grad();
            foreach (var (site, x, d) in tap.Captured())
            {
                if (expected.TryGetValue($"persample.grad.{site.Name}.weight", out var gradient))
                    results.Add(Compare($"persample.grad.{site.Name}.weight", site.Transposed ? x.transpose(1, 2).matmul(d) : d.transpose(1, 2).matmul(x), gradient));
                if (!expected.ContainsKey($"fisher.{site.Name}.weight.GGt")) continue;
                using var factors = new FisherFactors(site, new FisherOptions { Form = FisherForm.Dense }, model.Device);
                factors.Add(x, d);
                var examples = (double)factors.Examples;
                // Where weights lie transposed, so do their gradients.
                var (ofRows, ofColumns) = site.Transposed ? (factors.In, factors.Out) : (factors.Out, factors.In);
                results.Add(Compare($"fisher.{site.Name}.weight.GGt", ((DenseSide)ofRows).Sum / examples, expected[$"fisher.{site.Name}.weight.GGt"]));
                results.Add(Compare($"fisher.{site.Name}.weight.GtG", ((DenseSide)ofColumns).Sum / examples, expected[$"fisher.{site.Name}.weight.GtG"]));
            }
        }

        private void Generation(List<ReferenceComparison> results, string name, LoraAdapter? lora)
        {
            if (!expected.TryGetValue($"gen.{name}", out var reference)) return;
            using var scope = NewDisposeScope();
            var ids = Rows(expected["gen.input_ids"]);
            var mask = Rows(expected["gen.attention_mask"]);
            var prompts = ids.Select((row, n) => row.Where((_, t) => mask[n][t] == 1).Select(id => (int)id).ToArray()).ToList();
            // An encoder-decoder's answers begin behind the start token.
            var wanted = Rows(reference).Select(row => row[(model.DecoderStartId is null ? ids[0].Length : 1)..]).ToList();
            var answers = TextGenerator.Generate(model, prompts, new GenerationOptions { MaxNewTokens = wanted[0].Length, Adapter = lora, PadId = model.PadId ?? 0 });
            var different = answers.Select((answer, n) => answer.Where((token, t) => token != wanted[n][t]).Count()).Sum();
            results.Add(new ReferenceComparison($"gen.{name}", different, 0));
        }

        private TokenBatch Batch()
        {
            var ids = Rows(expected["input_ids"]);
            var mask = Rows(expected["attention_mask"]);
            var labels = Rows(expected["labels"]);
            var rows = ids.Select((row, n) =>
            {
                var kept = Enumerable.Range(0, row.Length).Where(t => mask[n][t] == 1).ToList();
                if (model.DecoderStartId is { } start)
                {
                    int[] target = [start, .. labels[n].Where(id => id != -100).Select(id => (int)id)];
                    return new TokenRow(target, [.. target.Select((_, t) => t > 0)]) { Source = [.. kept.Select(t => (int)row[t])] };
                }
                return new TokenRow([.. kept.Select(t => (int)row[t])], [.. kept.Select(t => labels[n][t] != -100)]);
            }).ToList();
            return TokenBatch.Pack(rows, model.PadId ?? 0, ids[0].Length, model.Device);
        }

        /// <summary>What a decoder reads where these are its labels: [N, T].</summary>
        private Tensor ShiftedRight(int start)
        {
            var labels = expected["labels"];
            var read = labels.masked_fill(labels < 0, model.PadId ?? 0).narrow(1, 0, labels.shape[1] - 1);
            return cat([full([labels.shape[0], 1], start, dtype: ScalarType.Int64, device: labels.device), read], 1);
        }

        private static long[][] Rows(Tensor matrix)
        {
            var flat = matrix.to(ScalarType.Int64).cpu().data<long>().ToArray();
            return [.. flat.Chunk((int)matrix.shape[1])];
        }

        private static ReferenceComparison Compare(string name, Tensor actual, Tensor reference)
        {
            using var scope = NewDisposeScope();
            if (!actual.shape.SequenceEqual(reference.shape)) return new(name, double.PositiveInfinity, Tolerance);
            var difference = (actual.detach().to(ScalarType.Float64) - reference.to(ScalarType.Float64)).abs().max().item<double>();
            return new(name, double.IsNaN(difference) ? double.PositiveInfinity : difference, Tolerance);
        }
    }
}
