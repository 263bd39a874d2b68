using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Attacks;

public class TokenizerFuzzTests
{
    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    public void ADamagedTokenizerWorksOrIsRefused(string damaged)
    {
        var random = new Random(7);
        using var file = new AttackFile();
        BpeTrainer.Train(["the cat and the hat", "a cat sat"], new BpeTrainerOptions(270, 2, ["<|im_start|>", "<|im_end|>"]))
            .Save(file.Folder, eosToken: "<|im_end|>", chatTemplate: ChatFormat.ChatMlTemplate);
        var path = Path.Combine(file.Folder, damaged);
        var valid = File.ReadAllBytes(path);
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < 1500; round++)
        {
            File.WriteAllBytes(path, Mutation.Of(valid, valid.Length, random));
            try
            {
                var tokenizer = HfTokenizer.Load(file.Folder);
                var ids = tokenizer.Encode("the <|im_end|> cat 😀");
                Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabSize - 1));
                tokenizer.Decode(ids);
                ChatFormat.For(tokenizer).Encode("the", "cat");
                loaded++;
            }
            catch (ModelFormatException e)
            {
                Assert.All(e.Problems, p => Assert.Contains(file.Folder, p));
                refused++;
            }
        }
        Assert.True(loaded > 20 && refused > 200, $"{loaded} loaded, {refused} refused: the mutations miss their aim");
    }

    [Fact]
    public void AHugeFileIsNotRead()
    {
        using var file = new AttackFile();
        var path = Path.Combine(file.Folder, "tokenizer.json");
        using (var sparse = File.Create(path)) sparse.SetLength(1L << 40);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("more than the", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000);
    }

    [Fact]
    public void DeepNestingEndsInAnErrorNotInAStackOverflow()
    {
        using var file = new AttackFile();
        File.WriteAllText(Path.Combine(file.Folder, "tokenizer.json"), string.Concat(Enumerable.Repeat("{\"model\":", 1_000_000)));
        Assert.Contains("not valid JSON", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
    }
}
