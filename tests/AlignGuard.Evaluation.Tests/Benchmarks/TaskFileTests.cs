using AlignGuard.Evaluation.Tasks.Benchmarks;
using AlignGuard.Models;
using Xunit;

namespace AlignGuard.Evaluation.Tests.Benchmarks;

/// <summary>A row or two of every task in the layout of its official file, and the prompt that comes of it.</summary>
public sealed class TaskFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("alignguard-tasks-").FullName;

    public static TheoryData<string, string, string, string, string> Files => new()
    {
        { "sst2", "dev.tsv", "sentence\tlabel\nit 's a \"charming\" journey . \t1\n", "it 's a \"charming\" journey .\nQuestion: Is this sentence positive or negative?\nAnswer:", "positive" },
        { "cola", "dev.tsv", "gj04\t0\t*\tThe car honked down the road it.\n", "The car honked down the road it.\nQuestion: Does this sentence make sense?\nAnswer:", "no" },
        { "mrpc", "dev.tsv", "\uFEFFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tHe said \" no .\tHe denied it .\n", "Sentence 1: He said \" no .\nSentence 2: He denied it .\nQuestion: Do both sentences mean the same thing?\nAnswer:", "yes" },
        { "qqp", "dev.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n0\t1\t2\tWhy?\tHow?\t0\n", "Question 1: Why?\nQuestion 2: How?\nQuestion: Do both questions ask the same thing?\nAnswer:", "no" },
        { "qnli", "dev.tsv", "index\tquestion\tsentence\tlabel\n0\tWho?\tHe did.\tnot_entailment\n", "Who?\nHe did.\nQuestion: Does this response answer the question?\nAnswer:", "no" },
        { "rte", "dev.tsv", "index\tsentence1\tsentence2\tlabel\r\n0\tA man died.\tHe lives.\tnot_entailment\r\n", "A man died.\nQuestion: He lives. True or False?\nAnswer:", "False" },
        { "wnli", "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\tIt fell.\tThe cup fell.\t1\n", "It fell.\nQuestion: The cup fell. True or False?\nAnswer:", "True" },
        {
            "mnli", "dev_matched.tsv",
            "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label\n"
            + "0\t1\t1e\tslate\t(a)\t(b)\t(c)\t(d)\tIt rains.\tIt is wet\tneutral\tneutral\tneutral\tentailment\tneutral\tneutral\n",
            "It rains.\nQuestion: It is wet. True, False or Neither?\nAnswer:", "Neither"
        },
        { "boolq", "val.jsonl", """{"question": "is it so", "passage": "It {is} so.", "idx": 0, "label": true}""", "It {is} so.\nQuestion: is it so?\nAnswer:", "yes" },
        // A line separator of Unicode ends no line of a JSON-lines file.
        { "boolq", "val.jsonl", "{\"question\": \"is it so\", \"passage\": \"It is\u2028so.\", \"idx\": 0, \"label\": true}", "It is\u2028so.\nQuestion: is it so?\nAnswer:", "yes" },
        { "cb", "val.jsonl", """{"premise": "P. I think so.", "hypothesis": "it is so", "label": "neutral", "idx": 0}""", "P. I think so.\nQuestion: it is so. True, False, or Neither?\nAnswer:", "Neither" },
        { "copa", "val.jsonl", """{"premise": "The man fell.", "choice1": "He slipped.", "choice2": "He ate.", "question": "cause", "label": 0, "idx": 0}""", "The man fell because", "he slipped." },
        { "copa", "val.jsonl", """{"premise": "The man fell.", "choice1": "He ate.", "choice2": "It hurt.", "question": "effect", "label": 1, "idx": 0}""", "The man fell therefore", "it hurt." },
        { "rte-superglue", "val.jsonl", """{"premise": "A.", "hypothesis": "B.", "label": "entailment", "idx": 0}""", "A.\nQuestion: B. True or False?\nAnswer:", "True" },
        {
            "wic", "val.jsonl", """{"word": "place", "sentence1": "Do you want to come over to my place later?", "sentence2": "A political system with no place for the less prominent groups.", "idx": 0, "label": false, "start1": 31, "start2": 27, "end1": 36, "end2": 32, "version": 1.1}""",
            "Sentence 1: Do you want to come over to my place later?\nSentence 2: A political system with no place for the less prominent groups.\nQuestion: Is the word 'place' used in the same way in the two sentences above?\nAnswer:", "no"
        },
        {
            "wsc", "val.jsonl", """{"text": "Bernard told him. It was him, surely.", "target": {"span2_index": 5, "span1_index": 0, "span1_text": "Bernard", "span2_text": "him"}, "idx": 0, "label": false}""",
            "Passage: Bernard told him. It was *him*, surely.\nQuestion: In the passage above, does the pronoun \"*him*\" refer to \"*Bernard*\"?\nAnswer:", "no"
        },
        { "advglue-mnli-mm", "dev.json", """{"sst2": [], "mnli-mm": [{"premise": "A.", "hypothesis": "B", "idx": 0, "label": 2}]}""", "A.\nQuestion: B. True, False or Neither?\nAnswer:", "False" },
        { "mmlu", "abstract_algebra_test.csv", "\"Find, \"\"quickly\"\",\nthe degree\",0,4,2,6,B\n", "Find, \"quickly\",\nthe degree\nA. 0\nB. 4\nC. 2\nD. 6\nAnswer:", "B" },
        { "helm-choice-joint", "instances.json", $"[{Instance}]", "Question: Which?\nA. this\nB. that\nAnswer:", "B" },
        { "helm-choice-separate", "instances.jsonl", Instance, "Which?", "that" },
        { "helm-exact-match", "instances.jsonl", Instance, "Input: Which?\nOutput:", "that" },
        { "helm-summary", "instances.jsonl", Instance, "Document: Which?\nSummary:", "that" },
    };

    private const string Instance = """{"input": {"text": "Which?"}, "references": [{"output": {"text": "this"}, "tags": []}, {"output": {"text": "that"}, "tags": ["correct"]}], "split": "test", "id": "id1"}""";

    [Theory]
    [MemberData(nameof(Files))]
    public void A_row_of_the_official_file_becomes_the_prompt(string task, string name, string content, string prompt, string answer)
    {
        var item = Assert.Single(Read(task, name, content));
        Assert.Equal(prompt, item.Prompt);
        Assert.Equal(answer, item.Answer);
        Assert.StartsWith(name, item.Id, StringComparison.Ordinal);
        Assert.False(item.Exemplar);
    }

    [Fact]
    public void Every_task_is_tried_here_and_named_once()
    {
        string[] alike = ["mnli-mm", "advglue-sst2", "advglue-qqp", "advglue-mnli", "advglue-qnli", "advglue-rte"]; // the rows and the layout of others
        Assert.Equal(BenchmarkTasks.All.Select(t => t.Name).Order(), Files.Select(f => (string)f[0]).Distinct().Concat(alike).Append("multirc").Append("record").Order());
    }

    [Fact]
    public void MultiRC_asks_of_every_answer_whether_it_is_right()
    {
        var items = Read("multirc", "val.jsonl", """{"idx": 0, "version": 1.1, "passage": {"text": "T.", "questions": [{"question": "Q?", "answers": [{"text": "a", "idx": 0, "label": 0}, {"text": "b", "idx": 1, "label": 1}], "idx": 0}, {"question": "R?", "answers": [{"text": "c", "idx": 2, "label": 1}], "idx": 1}]}}""");
        Assert.Equal(["no", "yes", "yes"], items.Select(i => i.Answer));
        Assert.Equal("T.\nQuestion: Q?\nAnswer: b\nQuestion: Is this answer correct?\nAnswer:", items[1].Prompt);
        Assert.Equal(items[0].Question, items[1].Question);
        Assert.NotEqual(items[0].Question, items[2].Question);
        Assert.Equal(3, items.Select(i => i.Id).Distinct().Count());
    }

    [Fact]
    public void ReCoRD_puts_every_entity_into_the_gap()
    {
        var items = Read("record", "val.jsonl", """{"source": "x", "passage": {"text": "Ann met Bob Li in Rome.\n@highlight\nBob Li was late\n@highlight\nThey ate.", "entities": [{"start": 0, "end": 2}, {"start": 8, "end": 13}, {"start": 18, "end": 21}, {"start": 35, "end": 40}]}, "idx": 0, "qas": [{"query": "@placeholder waited for him.", "answers": [{"start": 0, "end": 2, "text": "Ann"}], "idx": 0}, {"query": "In the end @placeholder came.", "answers": [{"start": 8, "end": 13, "text": "Bob Li"}], "idx": 1}]}""");
        Assert.Equal(2, items.Count);
        Assert.Equal("Ann met Bob Li in Rome.\n\n  - Bob Li was late.\n  - They ate.\n  -", items[0].Prompt);
        Assert.Equal(["Ann waited for him.", "Bob Li waited for him.", "Rome waited for him."], items[0].Choices);
        Assert.Equal(["Ann waited for him.", "In the end Bob Li came."], items.Select(i => i.Answer));
        // Bob Li, where Ann was asked, and rightly: F1 0 and 1; of a reference "Bob" alone it has one word too many.
        AnsweredItem Chosen(BenchmarkItem item, int choice) => new(item, [.. item.Choices.Select((_, n) => n == choice ? -1.0 : -2)], null, 0);
        Assert.Equal(0.5, BenchmarkMetric.NameF1.Of([Chosen(items[0], 1), Chosen(items[1], 1)]).Value);
        Assert.Equal(0.5, BenchmarkMetric.NameMatch.Of([Chosen(items[0], 1), Chosen(items[1], 1)]).Value);
        Assert.Equal(2.0 / 3, BenchmarkMetric.NameF1.Of([Chosen(items[1] with { References = ["Bob"] }, 1)]).Value, 12);
        Assert.Contains("no answer is an entity", Assert.Single(Problems("record", "val.jsonl", """{"passage": {"text": "Ann met Bob.", "entities": [{"start": 0, "end": 2}, {"start": 8, "end": 10}]}, "qas": [{"query": "@placeholder left.", "answers": [{"text": "Eve"}]}]}""")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_read_file_by_file_with_their_subjects()
    {
        File.WriteAllText(Path.Combine(_folder, "b_law_test.csv"), "q,1,2,3,4,A\n");
        File.WriteAllText(Path.Combine(_folder, "a_test.csv"), "q,1,2,3,4,D\nr,1,2,3,4,C\n");
        var items = BenchmarkFile.Read(BenchmarkTasks.Find("mmlu"), _folder);
        Assert.Equal(["a", "a", "b law"], items.Select(i => i.Subject));
    }

    [Fact]
    public void Instances_of_the_training_split_are_exemplars() =>
        Assert.True(Assert.Single(Read("helm-exact-match", "x.jsonl", Instance.Replace("\"test\"", "\"train\"", StringComparison.Ordinal))).Exemplar);

    [Fact]
    public void All_problems_of_a_file_are_named_with_their_lines()
    {
        var problems = Problems("rte", "dev.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n1\ta\tb\n2\t\tb\tentailment\n3\ta\tb\tentailment\n");
        Assert.Collection(problems,
            p => Assert.EndsWith("dev.tsv:2: 'label' is \"maybe\"; entailment or 0, not_entailment or 1 are expected.", p, StringComparison.Ordinal),
            p => Assert.Contains("dev.tsv:3: the line has 3 fields parted by tabs, 4 are expected", p, StringComparison.Ordinal),
            p => Assert.Contains("dev.tsv:4: 'sentence1' is \"\"; a text is expected.", p, StringComparison.Ordinal));

        problems = Problems("boolq", "val.jsonl", "{\"question\": \"q\", \"passage\": 3, \"label\": 7}\nno\n[1]\n{\"question\": \"q\"}\n");
        Assert.Collection(problems,
            p => Assert.Contains("val.jsonl:1: 'passage' is 3;", p, StringComparison.Ordinal),
            p => Assert.Contains("val.jsonl:1: 'label' is 7;", p, StringComparison.Ordinal),
            p => Assert.Contains("val.jsonl:2: the line is not valid JSON", p, StringComparison.Ordinal),
            p => Assert.Contains("val.jsonl:3: the line is a JSON Array", p, StringComparison.Ordinal),
            p => Assert.Contains("val.jsonl:4: there is no field 'passage'; the row has question.", p, StringComparison.Ordinal),
            p => Assert.Contains("val.jsonl:4: there is no field 'label' or 'answer'", p, StringComparison.Ordinal));

        Assert.Contains("x_test.csv:2: the row has 3 fields, 6 are expected", Assert.Single(Problems("mmlu", "x_test.csv", "q,1,2,3,4,A\nq,1,2\n")), StringComparison.Ordinal);
        Assert.Contains("there is no list 'rte'; the document has sst2", Assert.Single(Problems("advglue-rte", "dev.json", "{\"sst2\": []}")), StringComparison.Ordinal);
        Assert.Contains("dev.json: rte[0]: 'label' is 5", Assert.Single(Problems("advglue-rte", "dev.json", """{"rte": [{"sentence1": "a", "sentence2": "b", "label": 5}]}""")), StringComparison.Ordinal);
        Assert.Contains("'span2_index' is 0, and the words there are \"It\", not \"him\"", Assert.Single(Problems("wsc", "val.jsonl", """{"text": "It was him.", "target": {"span2_index": 0, "span1_text": "x", "span2_text": "him"}, "label": true}""")), StringComparison.Ordinal);
        Assert.Contains("2 references are tagged 'correct'", Assert.Single(Problems("helm-choice-joint", "x.jsonl", Instance.Replace("[]", "[\"correct\"]", StringComparison.Ordinal))), StringComparison.Ordinal);
        Assert.Contains("val.jsonl:1: a string is not valid Unicode", Assert.Single(Problems("cb", "val.jsonl", """{"premise": "a\ud800", "hypothesis": "b", "label": "neutral"}""")), StringComparison.Ordinal);
        Assert.Contains("rte[0]: a string is not valid Unicode", Assert.Single(Problems("advglue-rte", "dev.json", """{"rte": [{"sentence1": "a", "sentence2": ["\udc00"], "label": 0}]}""")), StringComparison.Ordinal);
        Assert.Contains("a test split", Assert.Single(Problems("cb", "val.jsonl", """{"premise": "a", "hypothesis": "b", "label": -1}""")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rte", "dev.tsv", "index\tsentence1\tsentence2\tlabel\n", "holds no rows")]
    [InlineData("boolq", "val.jsonl", " \n", "the file is empty")]
    public void A_file_without_rows_is_an_error(string task, string name, string content, string expected) =>
        Assert.Contains(expected, Assert.Single(Problems(task, name, content)), StringComparison.Ordinal);

    [Fact]
    public void A_file_in_another_layout_does_not_flood_the_screen()
    {
        var problems = Problems("boolq", "val.jsonl", string.Concat(Enumerable.Repeat("no\n", 500)));
        Assert.Equal(51, problems.Count);
        Assert.StartsWith("… and 450 problems more.", problems[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_absent_file_and_an_unknown_task_are_told()
    {
        Assert.Contains("cannot be read", Assert.Throws<UserFaultException>(() => BenchmarkFile.Read(BenchmarkTasks.Find("rte"), Path.Combine(_folder, "absent.tsv"))).Message, StringComparison.Ordinal);
        Assert.Contains("There is no benchmark 'glue'. Known: sst2,", Assert.Throws<UserFaultException>(() => BenchmarkTasks.Find("glue")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<string> Problems(string task, string name, string content) => Assert.Throws<UserFaultException>(() => Read(task, name, content)).Problems;

    private IReadOnlyList<BenchmarkItem> Read(string task, string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return BenchmarkFile.Read(BenchmarkTasks.Find(task), path);
    }
}
