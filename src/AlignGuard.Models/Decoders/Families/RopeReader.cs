using System.Text.Json;

namespace AlignGuard.Models.Decoders.Families;

/// <summary>
/// Reads the rotation: <c>rope_parameters</c> (5.x, with everything in it) or <c>rope_theta</c> beside a nullable <c>rope_scaling</c> (4.x). A key that a kind needs and lacks, and one that
/// versions of transformers compute differently, is a problem: a model must not turn otherwise here than where it is served.
/// </summary>
internal sealed class RopeReader(string path, JsonElement root, List<string> problems, List<string> notes)
{
    private string _key = "rope_parameters";
    private JsonElement _section;

    /// <param name="theta">Where it is left out.</param>
    /// <param name="positions"><c>max_position_embeddings</c>.</param>
    /// <param name="pairs">Of dimensions that turn: half a head.</param>
    public RopeConfig Read(double theta, int positions, int pairs)
    {
        if (!Section(_key, out _section)) Section(_key = "rope_scaling", out _section);
        theta = Positive(root, "rope_theta", "") ?? theta;
        if (Number(root, "partial_rotary_factor", "") is { } part and not 1) Refuse("", "partial_rotary_factor", part, "rotating a part of a head is not computed here.");
        if (_section.ValueKind != JsonValueKind.Object) return new RopeConfig { Theta = theta };
        // Layers of a kind may have rotations of their own: one for all is what is computed.
        if (_section.EnumerateObject().Any(p => p.Value.ValueKind == JsonValueKind.Object)) problems.Add($"{path}: '{_key}' is {ConfigReader.Shown(_section)}: a rotation for each kind of layer is not computed here.");
        var type = Text("rope_type") ?? Text("type") ?? "default";
        if (!RopeFrequencies.Kinds.Contains(type)) problems.Add($"{path}: {_key}: rope type '{type}' is not computed here; known: {string.Join(", ", RopeFrequencies.Kinds)}.");
        if (Own("partial_rotary_factor") is { } share and not 1) Refuse(_key, "partial_rotary_factor", share, "rotating a part of a head is not computed here.");
        var rope = new RopeConfig { Type = type, Theta = Positive(_section, "rope_theta", _key) ?? theta };
        return type switch
        {
            "linear" => rope with { Factor = Needed("factor", type) },
            "dynamic" => rope with { Factor = Needed("factor", type), OriginalMaxPositions = positions },
            "llama3" => Llama3(rope, type),
            "yarn" => Yarn(rope, positions),
            "longrope" => Long(rope, positions, pairs),
            _ => rope,
        };
    }

    private RopeConfig Llama3(RopeConfig rope, string type)
    {
        var read = rope with
        {
            Factor = Needed("factor", type),
            LowFreqFactor = Needed("low_freq_factor", type),
            HighFreqFactor = Needed("high_freq_factor", type),
            OriginalMaxPositions = Length(Needed("original_max_position_embeddings", type)),
        };
        if (read.LowFreqFactor >= read.HighFreqFactor && _section.TryGetProperty("low_freq_factor", out _) && _section.TryGetProperty("high_freq_factor", out _))
            Refuse(_key, "low_freq_factor", read.LowFreqFactor, FormattableString.Invariant($"it must lie below high_freq_factor ({read.HighFreqFactor})."));
        return read;
    }

    private RopeConfig Yarn(RopeConfig rope, int positions)
    {
        var (original, factor) = Stretched("yarn", positions, "most versions of transformers do; 4.5x takes");
        // Only both together count.
        double? mscale = Own("mscale"), mscaleAll = Own("mscale_all_dim");
        return rope with
        {
            Factor = factor,
            OriginalMaxPositions = original,
            BetaFast = NotZero("beta_fast") ?? 32,
            BetaSlow = NotZero("beta_slow") ?? 1,
            Truncate = ConfigReader.Flag(_section, "truncate", otherwise: true, $"{path}: {_key}", problems),
            AttentionFactor = Positive(_section, "attention_factor", _key),
            Mscale = mscale is { } one and not 0 && mscaleAll is { } all and not 0 ? (one, all) : null,
        };
    }

    private RopeConfig Long(RopeConfig rope, int positions, int pairs)
    {
        var (original, factor) = Stretched("longrope", positions, "transformers 5.x does; 4.x takes");
        return rope with { Factor = factor, OriginalMaxPositions = original, AttentionFactor = Positive(_section, "attention_factor", _key), ShortFactors = Factors("short_factor", pairs), LongFactors = Factors("long_factor", pairs) };
    }

    /// <summary>The length that the model was first trained with, which 4.x may have beside the section, and how many times that it now reads.</summary>
    private (int Original, double Factor) Stretched(string type, int positions, string who)
    {
        var original = Positive(_section, "original_max_position_embeddings", _key) ?? Positive(root, "original_max_position_embeddings", "");
        var implied = positions / (original ?? positions);
        var factor = Positive(_section, "factor", _key);
        if (factor is null && original is null) problems.Add($"{path}: {_key}: {type} needs 'factor', or 'original_max_position_embeddings' to take it from.");
        else if (factor is { } given && original is not null && Math.Abs(given - implied) > 1e-6 * given)
            notes.Add(FormattableString.Invariant($"{_key}: 'factor' is {given}, but max_position_embeddings / original_max_position_embeddings is {positions} / {original} = {implied:g4}. The factor is taken, as {who} the other. max_position_embeddings {original * given} leaves no doubt."));
        return (Length(original ?? positions), factor ?? implied);
    }

    private int Length(double tokens)
    {
        if (tokens is >= 1 and <= int.MaxValue) return (int)tokens;
        Refuse(_key, "original_max_position_embeddings", tokens, "a number of tokens is expected.");
        return 1;
    }

    /// <summary>A divisor of every pair's frequency.</summary>
    private IReadOnlyList<double> Factors(string key, int pairs)
    {
        if (!_section.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) problems.Add($"{path}: {_key}: '{key}' is missing; longrope needs it.");
        else if (v.ValueKind != JsonValueKind.Array || v.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.Number || e.GetDouble() is not (> 0 and < double.PositiveInfinity)))
            problems.Add($"{path}: {_key}: '{key}' is {ConfigReader.Shown(v)}; a list of positive numbers is expected.");
        else if (v.GetArrayLength() != pairs) problems.Add($"{path}: {_key}: '{key}' has {v.GetArrayLength()} numbers; half of head_dim, {pairs}, are needed.");
        else return [.. v.EnumerateArray().Select(e => e.GetDouble())];
        return [];
    }

    private double Needed(string key, string type)
    {
        if (Positive(_section, key, _key) is { } value) return value;
        problems.Add($"{path}: {_key}: '{key}' is missing; {type} needs it.");
        return 1;
    }

    private double? Own(string key) => Number(_section, key, _key);

    /// <summary>A zero counts as left out.</summary>
    private double? NotZero(string key) => Own(key) is { } value and not 0 ? value : null;

    private double? Positive(JsonElement from, string key, string place)
    {
        if (Number(from, key, place) is not { } value) return null;
        if (value > 0) return value;
        Refuse(place, key, value, "it must be positive.");
        return null;
    }

    private double? Number(JsonElement from, string key, string place)
    {
        if (!from.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return null;
        if (v.ValueKind == JsonValueKind.Number && double.IsFinite(v.GetDouble())) return v.GetDouble();
        problems.Add($"{path}: {Place(place)}'{key}' is {ConfigReader.Shown(v)}; a number is expected.");
        return null;
    }

    private void Refuse(string place, string key, double value, string why) => problems.Add(FormattableString.Invariant($"{path}: {Place(place)}'{key}' is {value}: {why}"));

    private static string Place(string place) => place.Length == 0 ? "" : place + ": ";

    private string? Text(string key)
    {
        if (!_section.TryGetProperty(key, out var v) || v.ValueKind == JsonValueKind.Null) return null;
        if (v.ValueKind == JsonValueKind.String) return v.GetString();
        problems.Add($"{path}: {Place(_key)}'{key}' is {ConfigReader.Shown(v)}; a text is expected.");
        return null;
    }

    private bool Section(string key, out JsonElement section)
    {
        if (!root.TryGetProperty(key, out section) || section.ValueKind == JsonValueKind.Null) return false;
        if (section.ValueKind == JsonValueKind.Object) return true;
        problems.Add($"{path}: '{key}' is {ConfigReader.Shown(section)}; an object with rope_type is expected.");
        return false;
    }
}
