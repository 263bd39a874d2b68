using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Pipeline.Data;
using AlignGuard.Pipeline.Demo;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Data;

public sealed class TrainingDataTests : IDisposable
{
    private const string TwoTurns =
        """{"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Bread?"},{"role":"assistant","content":"Bake it."},{"role":"user","content":"How?"},{"role":"assistant","content":"In an oven <|im_end|>."}]}""";

    private readonly DataFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_answer_of_a_conversation_and_its_end_are_trained_and_nothing_else()
    {
        var data = Load(folder.Write("turns.jsonl", TwoTurns), 500);
        var row = Assert.Single(data.Rows);
        Assert.Equal("Bake it.<|im_end|>In an oven <|im_end|>.<|im_end|>", Decode(row.Ids.Where((_, i) => row.IsResponse[i])));
        Assert.Equal("<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nBread?<|im_end|>\n<|im_start|>assistant\n\n<|im_start|>user\nHow?<|im_end|>\n<|im_start|>assistant\n\n",
            Decode(row.Ids.Where((_, i) => !row.IsResponse[i])));
        // The control token of a turn's end is one token; the same characters in a text are not.
        Assert.Equal(5, row.Ids.Count(id => id == SampleChat.Format.EndOfTurnId));
        Assert.Equal(new DataReport(1, row.Ids.Length, row.ResponseTokens, row.Ids.Length, 0, 0, 0), data.Report);
        Assert.Empty(data.Warnings);
    }

    [Fact]
    public void A_preview_shows_what_is_read_what_is_trained_and_what_is_cut()
    {
        var row = RowFile.Read(folder.Write("turns.jsonl", TwoTurns)).Rows[0];
        const string Start = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nBread?<|im_end|>\n<|im_start|>assistant\n⟦Bake it.<|im_end|>⟧\n<|im_start|>user\nHow?<|im_end|>\n<|im_start|>assistant\n";
        var whole = DataPreview.Of(row, SampleChat.Format, SampleChat.Tokenizer, 500);
        Assert.Equal(Start + "⟦In an oven <|im_end|>.<|im_end|>⟧\n", whole.Marked());
        Assert.Equal(row.Place, whole.Place);

        var tokens = whole.Pieces.Take(3).Sum(p => p.Tokens);
        var cut = DataPreview.Of(row, SampleChat.Format, SampleChat.Tokenizer, tokens);
        Assert.Equal(Start + "⟪In an oven <|im_end|>.<|im_end|>\n⟫", cut.Marked());
        Assert.Equal([PieceUse.Context, PieceUse.Trained, PieceUse.Context, PieceUse.Cut], cut.Pieces.Select(p => p.Use));
        var trained = TrainingData.Tokenise(RowFile.Read(folder.File("turns.jsonl")), SampleChat.Format, tokens).Rows[0];
        Assert.Equal(trained.ResponseTokens, cut.Pieces.Where(p => p.Use == PieceUse.Trained).Sum(p => p.Tokens));
        Assert.Equal(trained.Ids.Length, cut.Pieces.Where(p => p.Use != PieceUse.Cut).Sum(p => p.Tokens));
    }

    [Fact]
    public void Long_rows_are_cut_counted_and_warned_of()
    {
        var path = folder.Write("long.jsonl", string.Join('\n',
            """{"prompt":"a","completion":"b"}""", $$"""{"prompt":"a","completion":"{{new string('z', 300)}}"}""", $$"""{"prompt":"a","completion":"{{new string('z', 350)}}"}"""));
        var whole = Load(path, 5000);
        var cut = Load(path, 100);
        Assert.Equal([whole.Rows[0].Ids.Length, 100, 100], cut.Rows.Select(r => r.Ids.Length));
        Assert.Equal(whole.Rows[1].Ids[..100], cut.Rows[1].Ids);
        Assert.Equal(whole.Rows[1].IsResponse[..100], cut.Rows[1].IsResponse);
        var report = cut.Report;
        Assert.Equal((3, 2, whole.Rows[2].Ids.Length), (report.Rows, report.TruncatedRows, report.LongestRow));
        Assert.Equal(whole.Report.Tokens, report.Tokens + report.CutTokens);
        Assert.Equal(cut.Rows.Sum(r => r.ResponseTokens), report.ResponseTokens);
        Assert.Equal($"{path}:2: has {whole.Rows[1].Ids.Length:N0} tokens, more than the 100 of train.seqLen; 2 of 3 rows are cut and lose {report.CutTokens:N0} tokens in all: raise train.seqLen to {report.LongestRow:N0} to keep them.",
            Assert.Single(cut.Warnings));
        Assert.Equal(whole.Sha256, cut.Sha256);
    }

    /// <summary>Regression: the first token of a text was shown as learnt, which nothing can predict.</summary>
    [Fact]
    public void A_preview_of_a_text_counts_as_learnt_what_training_counts()
    {
        var path = folder.Write("t.txt", "Hello there\n");
        var preview = DataPreview.Of(RowFile.Read(path).Rows[0], SampleChat.Format, SampleChat.Tokenizer, 60);
        Assert.Equal([PieceUse.Context, PieceUse.Trained], preview.Pieces.Select(p => p.Use));
        Assert.Equal(1, preview.Pieces[0].Tokens);
        Assert.Equal(Load(path, 60).Report.ResponseTokens, preview.Pieces[1].Tokens);
    }

    /// <summary>Regression: what the format of a conversation refuses was told without its place.</summary>
    [Fact]
    public void What_the_chat_format_refuses_is_told_with_its_place_or_left_out()
    {
        var path = folder.Write("mixed.jsonl", """{"text":"a"}""" + "\n" + """{"text":"b"}""" + "\n");
        var format = new Picky();
        Assert.Equal([$"{path}:2: no b.", $"{path}:2: none at all."], Assert.Throws<UserFaultException>(() => TrainingData.Load(path, new RowReading(), format, 60, DataPart.Train)).Problems);
        var data = TrainingData.Load(path, new RowReading { MostSkipped = 0.5 }, format, 60, DataPart.Train);
        Assert.Single(data.Rows);
        Assert.Equal(["no b.", "none at all."], data.Texts.Quarantined.Single().Reasons);
        Assert.Equal([$"{path}:2: no b.", $"{path}:2: none at all."], Assert.Throws<UserFaultException>(() => TrainingData.Encode(RowFile.Read(path).Rows[1], format)).Problems);
    }

    /// <summary>Regression: a row with no response at all was said to have a prompt of -1 tokens.</summary>
    [Fact]
    public void A_row_without_any_response_token_says_so()
    {
        var path = folder.Write("one.jsonl", """{"text":"c"}""");
        Assert.Equal([$"{path}:1: its loss is fully masked: none of its tokens is a response behind another token. Write an answer, or remove the row."],
            Assert.Throws<UserFaultException>(() => TrainingData.Load(path, new RowReading(), new Picky(), 60, DataPart.Train)).Problems);
    }

    /// <summary>A text is its letters' tokens; "b" is refused, and "c" has no token but the first. Nothing is decoded: it needs no tokenizer.</summary>
    private sealed class Picky() : ConversationFormat(null!)
    {
        public override IReadOnlySet<int> StopIds => new HashSet<int>();

        public override EncodedChat Encode(IReadOnlyList<ChatMessage> messages) => throw new NotSupportedException();

        public override EncodedChat EncodeText(string text) => text switch
        {
            "b" => throw new UserFaultException(["no b.", "none at all."]),
            "c" => new EncodedChat([1], [true]),
            _ => new EncodedChat([1, 2], [true, true]),
        };

        public override int[] EncodePrompt(IReadOnlyList<ChatMessage> messages) => throw new NotSupportedException();
    }

    [Fact]
    public void Rows_without_a_response_token_in_reach_are_all_refused_with_their_figures()
    {
        var question = new string('q', 200);
        var path = folder.Write("masked.jsonl", string.Join('\n',
            """{"prompt":"a","completion":"b"}""", $$"""{"prompt":"{{question}}","completion":"b"}""", """{"prompt":"c","completion":"d"}""", $$"""{"prompt":"{{question}}r","completion":"b"}"""));
        var prompt = SampleChat.Format.EncodePrompt(question).Length;
        var problems = Assert.Throws<UserFaultException>(() => Load(path, 50)).Problems;
        Assert.Equal([$"{path}:2: its loss is fully masked: the prompt takes {prompt:N0} tokens", $"{path}:4: its loss is fully masked: the prompt takes {prompt + 1:N0} tokens"],
            problems.Select(p => p[..p.IndexOf(", the response", StringComparison.Ordinal)]));
        Assert.All(problems, p => Assert.Contains("behind the 50 of train.seqLen. Raise train.seqLen to ", p));

        // The figure that the sentence gives as the least is the least.
        Assert.Contains($"{prompt + 2:N0} at the least", problems[1]);
        Assert.Throws<UserFaultException>(() => Load(path, prompt + 1));
        Assert.All(Load(path, prompt + 2).Rows, r => Assert.True(r.ResponseTokens > 0));
    }

    [Fact]
    public void The_built_in_task_is_tokenised_like_its_file()
    {
        using (var file = File.Create(folder.File("how-to.jsonl"))) HowToTask.WriteJsonl(file, HowToTask.HeldOut().Take(50));
        var fromFile = Load(folder.File("how-to.jsonl"), 400);
        var builtIn = TrainingData.Load("builtin:how-to", new RowReading(), SampleChat.Format, 400, DataPart.Eval);
        Assert.Equal(2_400, builtIn.Rows.Count);
        Assert.All(fromFile.Rows.Zip(builtIn.Rows), pair => Assert.Equal(pair.First.Ids, pair.Second.Ids));
        Assert.Equal("builtin:how-to (held out):7", builtIn.Texts.Rows[6].Place.ToString());
        Assert.Equal(HowToTask.Train().Count, RowSource.Read("builtin:how-to", new RowReading { Format = RowFormat.Alpaca }, DataPart.Train).Rows.Count);
    }

    [Fact]
    public void An_unknown_built_in_set_is_refused_and_the_known_one_named()
    {
        var fault = Assert.Throws<UserFaultException>(() => TrainingData.Load("builtin:howto", new RowReading(), SampleChat.Format, 100, DataPart.Eval));
        Assert.Equal("data.eval: there is no built-in set 'builtin:howto': use builtin:how-to or a file.", fault.Message);
    }

    private static TrainingData Load(string path, int seqLen) => TrainingData.Load(path, new RowReading(), SampleChat.Format, seqLen, DataPart.Train);

    private static string Decode(IEnumerable<int> ids) => SampleChat.Tokenizer.Decode([.. ids], skipSpecial: false);
}
