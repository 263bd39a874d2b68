using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AlignGuard.Evaluation.Judging.Classifier;

/// <summary>Weights of a linear classifier as JSON, a slot a line, zeros left out: small, readable, and read without a temporary file.</summary>
/// <param name="Slots">Of every slot with a weight, its weights for the labels, in their order.</param>
internal sealed record LinearWeights(IReadOnlyList<string> Labels, IReadOnlyList<float> Bias, IReadOnlyDictionary<int, float[]> Slots)
{
    /// <param name="columns">Of every label the weights of all slots.</param>
    public static LinearWeights Of(IReadOnlyList<string> labels, IReadOnlyList<float> bias, IReadOnlyList<float[]> columns) =>
        new(labels, [.. bias.Select(Rounded)], Enumerable.Range(0, columns[0].Length).Where(slot => columns.Any(c => c[slot] != 0)).ToDictionary(slot => slot, slot => columns.Select(c => Rounded(c[slot])).ToArray()));

    public static LinearWeights Load(Stream file)
    {
        var root = JsonDocument.Parse(file).RootElement;
        return new LinearWeights([.. root.GetProperty("labels").EnumerateArray().Select(l => l.GetString()!)], Numbers(root.GetProperty("bias")),
            root.GetProperty("slots").EnumerateObject().ToDictionary(s => int.Parse(s.Name, CultureInfo.InvariantCulture), s => Numbers(s.Value)));
    }

    public void Save(Stream file)
    {
        var slots = Slots.OrderBy(s => s.Key).Select(s => $"  \"{s.Key}\": {List(s.Value)}");
        file.Write(Encoding.UTF8.GetBytes($"{{\n\"labels\": {JsonSerializer.Serialize(Labels)},\n\"bias\": {List(Bias)},\n\"slots\": {{\n{string.Join(",\n", slots)}\n}}\n}}\n"));
    }

    /// <summary>Softmax of bias and weighted features.</summary>
    public float[] Probabilities(IEnumerable<KeyValuePair<int, float>> features)
    {
        var scores = Bias.Select(b => (double)b).ToArray();
        foreach (var (slot, value) in features)
            if (Slots.TryGetValue(slot, out var mine))
                for (var n = 0; n < scores.Length; n++) scores[n] += mine[n] * value;
        var highest = scores.Max();
        var shares = scores.Select(s => Math.Exp(s - highest)).ToArray();
        var sum = shares.Sum();
        return [.. shares.Select(s => (float)(s / sum))];
    }

    /// <summary>To four digits: more say nothing that the training text could tell.</summary>
    private static float Rounded(float value) => float.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static float[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetSingle())];

    private static string List(IEnumerable<float> values) => $"[{string.Join(",", values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}]";
}
