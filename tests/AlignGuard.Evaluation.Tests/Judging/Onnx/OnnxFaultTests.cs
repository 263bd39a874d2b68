using System.Text.Json.Nodes;
using AlignGuard.Evaluation.Judging;
using AlignGuard.Models;
using Xunit;
using static AlignGuard.Evaluation.Tests.Judging.Onnx.OnnxJudgeTests;

namespace AlignGuard.Evaluation.Tests.Judging.Onnx;

/// <summary>Files that are no classifier, or do not say what they mean, are refused in words.</summary>
public class OnnxFaultTests
{
    [Fact]
    public void Labels_without_a_meaning_are_refused_and_listed_until_they_are_told()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = ["LABEL_0", "LABEL_1"], ProblemType = null });
        Assert.Contains("LABEL_0, LABEL_1", Fault(tiny.Path), StringComparison.Ordinal);
        using var judge = Judges.Open(tiny.Yaml("toxic: LABEL_1"));
        Assert.Equal(JudgeReads.Toxicity, judge.Reads);
        var told = Assert.Throws<UserFaultException>(() => Judges.Open(tiny.Yaml("toxic: LABEL_7\nverdicts: { refused: no, complied: LABEL_0 }")));
        Assert.Equal(2, told.Problems.Count);
        Assert.Contains("LABEL_7", told.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", "b", "c")]
    [InlineData("toxic", "insult", "male")]
    [InlineData("safe", "neutral", "ok")]
    public void Where_some_label_is_unknown_or_none_is_toxic_it_is_not_plain(params string[] labels)
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = labels });
        Assert.Contains(string.Join(", ", labels), Fault(tiny.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Three_labels_without_a_problem_type_need_an_activation()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = ["toxic", "threat", "safe"], ProblemType = null });
        Assert.Contains("activation: sigmoid", Fault(tiny.Path), StringComparison.Ordinal);
        using var judge = Judges.Open(tiny.Yaml("activation: sigmoid"));
        Assert.Equal(JudgeReads.Toxicity, judge.Reads);
    }

    [Fact]
    public void Labels_that_can_only_be_toxic_are_refused()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = ["toxic", "threat"], ProblemType = "single_label_classification" });
        Assert.Contains("every answer would be toxic", Fault(tiny.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_of_another_number_than_the_outputs_are_refused()
    {
        using var tiny = new TinyClassifier();
        Assert.Contains("tells 6 labels apart, and 2 are named", Fault(tiny.Yaml("labels: [safe, unsafe]\nactivation: softmax")), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_config_the_labels_have_to_be_told()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Labels = ["x", "y"] });
        File.Delete(tiny.At("config.json"));
        Assert.Contains("there is no id2label", Fault(tiny.Path), StringComparison.Ordinal);
        using var judge = Judges.Open(tiny.Yaml("labels: [safe, unsafe]"));
        Assert.Equal(JudgeReads.Toxicity, judge.Reads);
    }

    [Fact]
    public void Inputs_and_outputs_of_other_names_are_refused_and_named()
    {
        using var inputs = new TinyClassifier(new TinyOptions { IdsName = "pixels" });
        var problems = Assert.Throws<UserFaultException>(() => Judges.Open(inputs.Path)).Problems;
        Assert.Equal(2, problems.Count);
        Assert.All(problems, p => Assert.Contains("pixels (int64 [?, ?]), attention_mask (int64 [?, ?])", p, StringComparison.Ordinal));
        using var outputs = new TinyClassifier(new TinyOptions { LogitsName = "last_hidden_state" });
        Assert.Contains("the outputs last_hidden_state (float [?, 6])", Fault(outputs.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(200)]
    [InlineData(900)]
    public void A_model_that_is_cut_off_is_refused(int length)
    {
        using var tiny = new TinyClassifier();
        var whole = File.ReadAllBytes(tiny.Model);
        Assert.True(whole.Length > length);
        File.WriteAllBytes(tiny.Model, whole[..length]);
        Assert.Contains(tiny.Model, Fault(tiny.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\"}}")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0,\"[UNK]\":2}}}")]
    [InlineData("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}")]
    public void A_tokenizer_that_is_none_is_refused(string json)
    {
        using var tiny = new TinyClassifier();
        File.WriteAllText(tiny.At("tokenizer.json"), json);
        Assert.Contains("tokenizer.json", Fault(tiny.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_with_a_tokenizer_is_named_at_once()
    {
        using var tiny = new TinyClassifier();
        var json = JsonNode.Parse(File.ReadAllText(tiny.At("tokenizer.json")))!;
        json["normalizer"] = new JsonObject { ["type"] = "NFC" };
        json["pre_tokenizer"] = new JsonObject { ["type"] = "Whitespace" };
        json["post_processor"]!["single"]![0]!["SpecialToken"]!["id"] = "[START]";
        json["model"]!["vocab"]!["b"] = 0;
        File.WriteAllText(tiny.At("tokenizer.json"), json.ToJsonString());
        var problems = Assert.Throws<ModelFormatException>(() => Judges.Open(tiny.Path)).Problems;
        foreach (var key in new[] { "normalizer.type", "pre_tokenizer.type", "post_processor.single[0]", "model.vocab" }) Assert.Contains(problems, p => p.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tokenizer_of_a_larger_model_is_found_out_when_it_reads()
    {
        using var tiny = new TinyClassifier();
        var json = JsonNode.Parse(File.ReadAllText(tiny.At("tokenizer.json")))!;
        json["model"]!["vocab"]!["zebra"] = TinyClassifier.Vocab.Length;
        File.WriteAllText(tiny.At("tokenizer.json"), json.ToJsonString());
        using var judge = Judges.Open(tiny.Path);
        var fault = await Assert.ThrowsAsync<UserFaultException>(() => judge.ReadAsync([Exchange("a zebra")], default));
        Assert.Contains("is the tokenizer that of this model", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a zebra", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_files_are_named()
    {
        using var tiny = new TinyClassifier();
        File.Delete(tiny.At("tokenizer.json"));
        Assert.Contains("tokenizer.json", Fault(tiny.Path), StringComparison.Ordinal);
        File.Delete(tiny.Model);
        Assert.Contains("model.onnx", Fault(tiny.Path), StringComparison.Ordinal);
        Assert.Contains("neither one of rules", Fault(tiny.At("none")), StringComparison.Ordinal);
        Assert.Contains("no file of a judge", Fault(tiny.At("config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void More_tokens_than_the_model_takes_are_refused()
    {
        using var tiny = new TinyClassifier(new TinyOptions { Positions = 16 });
        Assert.Contains("takes 16 tokens at most", Fault(tiny.Yaml("maxLength: 17")), StringComparison.Ordinal);
    }

    private static string Fault(string reference) => Assert.ThrowsAny<UserFaultException>(() => Judges.Open(reference)).Message;
}
