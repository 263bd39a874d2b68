using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Data;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

/// <summary>Tables, classification rows and plain text; and rows that are left out.</summary>
public sealed class TableTests : IDisposable
{
    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("pairs.csv", "prompt,completion\n\"a \"\"quoted\"\", b\",\"two\nlines\"\n", RowFormat.PromptCompletion, "user=a \"quoted\", b|assistant=two\nlines")]
    [InlineData("spaced.csv", "prompt , completion\r\n a , b \r\n\r\n", RowFormat.PromptCompletion, "user= a |assistant= b ")]
    [InlineData("packed.csv.gz", "\uFEFFinstruction,input,output\na,,b\n", RowFormat.Alpaca, "user=a|assistant=b")]
    [InlineData("glue.tsv", "sentence\tlabel\nit 's \"good\tpositive\n", RowFormat.Classification, "user=it 's \"good|assistant=positive")]
    [InlineData("pair.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n", RowFormat.Classification, "user=sentence1: a\nsentence2: b|assistant=entailment")]
    [InlineData("cola.tsv", "gj04\t0\t*\tThey drank the pub.\n", RowFormat.Classification, "user=They drank the pub.|assistant=0")]
    [InlineData("mrpc.tsv", "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t702876\t702977\ta\tb\n", RowFormat.Classification, "user=#1 String: a\n#2 String: b|assistant=1")]
    [InlineData("qqp.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n133273\t213221\t213222\ta?\tb?\t0\n", RowFormat.Classification, "user=question1: a?\nquestion2: b?|assistant=0")]
    [InlineData("mnli.tsv", "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n0\t31193\t31193n\tgovernment\t( a )\t( b )\t(R a)\t(R b)\ta\tb\tneutral\tentailment\n", RowFormat.Classification, "user=sentence1: a\nsentence2: b|assistant=entailment")]
    [InlineData("qnli.tsv", "index\tquestion\tsentence\tlabel\n0\ta?\tb\tnot_entailment\n", RowFormat.Classification, "user=question: a?\nsentence: b|assistant=not_entailment")]
    [InlineData("boolq.jsonl", """{"question": "is it", "passage": "It is.", "idx": 0, "label": true}""", RowFormat.Classification, "user=question: is it\npassage: It is.|assistant=true")]
    [InlineData("rows.jsonl", """{"idx":3,"sentence":"a","label":1}""", RowFormat.Classification, "user=a|assistant=1")]
    [InlineData("lines.txt", "a\n\n", RowFormat.Text, "text=a")]
    [InlineData("braces.txt", "{\n", RowFormat.Text, "text={")]
    [InlineData("texts.jsonl", """{"text":"a\nb"}""", RowFormat.Text, "text=a\nb")]
    public void A_table_a_label_and_a_text_are_rows_too(string name, string content, RowFormat format, string turns)
    {
        var path = folder.Write(name, content);
        foreach (var set in new[] { RowFile.Read(path), RowFile.Read(path, format) })
        {
            Assert.Equal(format, set.Format);
            Assert.Equal(turns, string.Join('|', Assert.Single(set.Rows).Messages.Select(m => $"{m.Role}={m.Content}")));
        }
    }

    [Fact]
    public void A_table_and_the_same_rows_as_JSON_are_the_same_data() =>
        Assert.Equal(RowFile.Read(folder.Write("a.jsonl", """{"prompt":"p","completion":"c"}""")).Sha256, RowFile.Read(folder.Write("a.csv", "prompt,completion\np,c\n")).Sha256);

    [Theory]
    [InlineData("0", "no")]
    [InlineData("1", "yes")]
    [InlineData("yes", "yes")]
    public void Labels_become_words(string label, string word) =>
        Assert.Equal(word, RowFile.Read(folder.Write("l.tsv", $"sentence\tlabel\na\t{label}\n"), new RowReading { Labels = ["no", "yes"] }).Rows[0].Response);

    [Theory]
    [InlineData("true", "yes")]
    [InlineData("false", "no")]
    public void Yes_and_no_become_words(string label, string word) =>
        Assert.Equal(word, RowFile.Read(folder.Write("l.jsonl", $$"""{"question": "a", "label": {{label}}}"""), new RowReading { Labels = ["no", "yes"] }).Rows[0].Response);

    [Theory]
    [InlineData("dash.tsv", "sentence1\tsentence2\tgold_label\na\tb\t-\n", ":2: gold_label: '-' stands for annotators who did not agree")]
    [InlineData("bad.csv", "prompt,completion\na\n", ":2: has 1 fields, the header names 2")]
    [InlineData("open.csv", "prompt,completion\na,\"b\n", ":2: a quoted field is never closed")]
    [InlineData("behind.csv", "prompt,completion\n\"a\"b,c\nd,e\n", ":2: there is text behind a closing quote")]
    [InlineData("twice.csv", "prompt,prompt\na,b\n", "is empty or there twice")]
    [InlineData("label.tsv", "sentence\tlabel\na\t2\n", ":2: label: '2' is none of the 2 of data.labels")]
    [InlineData("minus.tsv", "sentence\tlabel\na\t-1\n", ":2: label: '-1' is none of the 2 of data.labels")]
    [InlineData("empty.csv", "", "holds no rows")]
    [InlineData("head.csv", "prompt,completion\n", "holds no rows")]
    public void What_is_wrong_with_a_table_is_told_with_its_line(string name, string content, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserFaultException>(() => RowFile.Read(folder.Write(name, content), new RowReading { Labels = ["no", "yes"] })).Message);

    [Fact]
    public void A_field_without_end_is_not_held()
    {
        var path = folder.Write("long.csv", "prompt,completion\na,\"" + new string('x', 3_000_000) + "\"\nb,c\n");
        var set = RowFile.Read(path, new RowReading { MostSkipped = 0.5, Limits = new RowLimits { RowBytes = 1_000 } });
        Assert.Equal("b", set.Rows.Single().Prompt[0].Content);
        Assert.Contains("more than 1,000 bytes", set.Quarantined.Single().Reasons.Single());
    }

    [Fact]
    public void Bad_rows_are_left_out_up_to_a_share_and_listed_without_their_text()
    {
        const string secret = "correct horse battery staple";
        var path = folder.Write("some.jsonl", string.Concat(Enumerable.Range(0, 99).Select(n => $$"""{"prompt":"p{{n}}","completion":"c"}""" + "\n")) + $$"""{"prompt":"{{secret}}","completion":""}""" + "\n");
        Assert.Throws<UserFaultException>(() => RowFile.Read(path));
        var set = RowFile.Read(path, new RowReading { MostSkipped = 0.01 });
        Assert.Equal(99, set.Rows.Count);
        var left = Assert.Single(set.Quarantined);
        Assert.Equal((100, 64), (left.Line, left.Sha256.Length));
        Assert.DoesNotContain(secret, string.Join(' ', left.Reasons));
        var many = Assert.Throws<UserFaultException>(() => RowFile.Read(path, new RowReading { MostSkipped = 0.005 }));
        Assert.Contains("1 of 100 rows (1.00 %) cannot be used, more than data.maxSkipped (0.5 %)", many.Message);
    }

    /// <summary>Regression: that nothing was left hid why.</summary>
    [Fact]
    public void A_file_whose_rows_are_all_bad_says_what_is_wrong_with_each()
    {
        var path = folder.Write("all.jsonl", """{"prompt":"p","completion":""}""" + "\n" + """{"prompt":"","completion":"c"}""" + "\n");
        var told = Assert.Throws<UserFaultException>(() => RowFile.Read(path, new RowReading { MostSkipped = 1 })).Problems;
        Assert.Contains(told, p => p.Contains(":1: completion: the response is empty"));
        Assert.Contains(told, p => p.Contains(":2: prompt: the text of the user is empty"));
    }

    [Fact]
    public void Rows_whose_answer_lies_behind_seqLen_are_left_out_likewise()
    {
        var path = folder.Write("long.jsonl", $$"""{"prompt":"{{new string('w', 400)}}","completion":"c"}""" + "\n" + """{"prompt":"p","completion":"c"}""" + "\n");
        var data = TrainingData.Load(path, new RowReading { MostSkipped = 0.5 }, SampleChat.Format, 60, DataPart.Train);
        Assert.Single(data.Rows);
        Assert.Contains("fully masked", data.Texts.Quarantined.Single().Reasons.Single());
        Assert.Throws<UserFaultException>(() => TrainingData.Load(path, new RowReading(), SampleChat.Format, 60, DataPart.Train));
    }

    [Fact]
    public void A_text_is_learnt_whole()
    {
        var data = TrainingData.Load(folder.Write("t.txt", "Hello there\n"), new RowReading(), SampleChat.Format, 60, DataPart.Train);
        Assert.All(data.Rows.Single().IsResponse, Assert.True);
        Assert.True(data.Rows[0].Ids.Length >= 3);
    }
}
