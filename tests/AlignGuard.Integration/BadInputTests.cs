using Xunit;

namespace AlignGuard.Integration;

/// <summary>Bad input ends with exit code 2 and a sentence that names the place and the remedy; nothing is half-written.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TinyJob _job = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-bad-").FullName;

    public static TheoryData<string, string[]> Overrides => new()
    {
        { "guard.lambdA", ["guard.lambdA=1"] },
        { "lambdaA", ["guard.lambdA=1"] },                                   // the nearest known key
        { "train.steps", ["train.steps=0", "lora.r=0"] },
        { "lora.r", ["train.steps=0", "lora.r=0"] },                          // all problems at once
        { "larger than model.layers.0", ["lora.r=4096"] },
        { "no linear layer is named 'q_porj'", ["lora.targets=[q_porj]"] },
        { "the built-in Fisher prompts are", ["fisher.samples=100000"] },
        { "There is no model folder", ["model=/nowhere/model"] },
        { "fully masked", ["train.seqLen=8"] },
        { "builtin:how-to", ["data.train=builtin:howto"] },
    };

    [Theory]
    [MemberData(nameof(Overrides))]
    public async Task A_bad_value_is_named(string expected, string[] overrides) =>
        await RefusedAsync(expected, overrides);

    [Fact]
    public async Task A_malformed_row_is_named_with_file_and_line()
    {
        var data = Write("rows.jsonl", """{"prompt": "How do I slice the beets?", "completion": "Like this."}""" + "\n{\"prompt\": \"cut off");
        await RefusedAsync("rows.jsonl:2", [$"data.train={data}"]);
    }

    /// <summary>Without the model both rows can be read; with it, the second leaves nothing to learn.</summary>
    [Fact]
    public async Task Rows_are_validated_for_the_model_that_is_to_learn_them()
    {
        var question = string.Join(' ', Enumerable.Repeat("How do I slice the beets?", 12));
        var data = Write("rows.jsonl", """{"prompt": "How do I slice the beets?", "completion": "Like this."}""" + "\n" + $$"""{"prompt": "{{question}}", "completion": "Like this."}""" + "\n");
        var read = await AlignGuardProcess.RunAsync("data", "validate", data);
        Assert.Equal((0, $"{data}: 2 rows of the format prompt-completion can be used."), (read.ExitCode, read.Output.Trim()));

        var tokenised = await AlignGuardProcess.RunAsync("data", "validate", data, "--model", Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo"), "--seq-len", "48");
        Assert.Equal(2, tokenised.ExitCode);
        Assert.Contains($"{data}:2: ", tokenised.Output);
        Assert.Contains("fully masked", tokenised.Output);
        Assert.Contains("1 rows of the format prompt-completion can be used, 1 cannot", tokenised.Output);
    }

    [Fact]
    public async Task Fisher_prompts_that_DriftCheck_measures_are_refused()
    {
        var prompts = Write("fisher.txt", string.Join('\n', AlignGuard.Evaluation.Prompts.PromptBank.DriftCheck(40).Where(p => p.Unsafe).Select(p => p.Text)));
        await RefusedAsync("share", [$"fisher.prompts={prompts}"]);
    }

    [Fact]
    public async Task Too_few_refusals_are_an_error_and_leave_a_sentence()
    {
        var prompts = Write("fisher.txt", string.Join('\n', Enumerable.Range(0, 40).Select(n => $"What is {n % 10} plus {n / 10}?")));
        await RefusedAsync("refuses only", [$"fisher.prompts={prompts}"]);
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_is_named()
    {
        var ended = await AlignGuardProcess.RunAsync("run", _job.JobFile, "--store", "/proc/alignguard");
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("/proc/alignguard", ended.Error);
    }

    [Fact]
    public async Task An_empty_row_is_named_with_file_and_line()
    {
        var data = Write("rows.jsonl", """{"prompt": "How do I slice the beets?", "completion": "Like this."}""" + "\n" + """{"prompt": "How do I peel them?", "completion": "  "}""");
        await RefusedAsync("rows.jsonl:2", [$"data.train={data}"]);
    }

    [Fact]
    public async Task A_truncated_model_is_named()
    {
        var model = CopyOfTheModel();
        using (var weights = File.OpenWrite(Path.Combine(model, "model.safetensors"))) weights.SetLength(weights.Length / 2);
        await RefusedAsync("model.safetensors", [$"model={model}"]);
    }

    [Fact]
    public async Task A_weight_that_is_not_a_number_is_named()
    {
        var model = CopyOfTheModel();
        using (var weights = File.OpenWrite(Path.Combine(model, "model.safetensors")))
        {
            weights.Seek(-4, SeekOrigin.End);
            weights.Write(BitConverter.GetBytes(float.NaN));
        }
        await RefusedAsync("model.norm.weight", [$"model={model}"]);
    }

    [Fact]
    public async Task Tensors_of_the_wrong_shape_are_named()
    {
        var model = CopyOfTheModel();
        var config = Path.Combine(model, "config.json");
        var text = File.ReadAllText(config);
        var wider = System.Text.RegularExpressions.Regex.Replace(text, @"""intermediate_size"": \d+", @"""intermediate_size"": 80");
        Assert.NotEqual(text, wider);
        File.WriteAllText(config, wider);
        await RefusedAsync("model.layers.0.mlp.down_proj.weight", [$"model={model}"]);
    }

    public void Dispose()
    {
        _job.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task RefusedAsync(string expected, string[] overrides)
    {
        var ended = await AlignGuardProcess.RunAsync([.. _job.Command("store"), .. overrides.SelectMany(o => new[] { "--set", o })]);
        Assert.True(ended.ExitCode == 2, $"exit code {ended.ExitCode}: {ended.Error}");
        Assert.Contains(expected, ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);                        // a sentence, not a stack trace
        Assert.Empty(ended.Output);
    }

    private string CopyOfTheModel()
    {
        var model = Path.Combine(_folder, "model");
        Directory.CreateDirectory(model);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples", "models", "aligned-demo"))) File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        return model;
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
