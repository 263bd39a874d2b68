using System.Security.Cryptography;
using System.Runtime.InteropServices;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;
using AlignGuard.Pipeline.Demo;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Demo;

public class DemoTokensTests
{
    // Adapters, data hashes and the bundled weights all rest on these ids.
    [Fact]
    public void TheBundledModelReadsItsCurriculumInTheTokensItWasTrainedOn()
    {
        var folder = Directory.CreateTempSubdirectory("alignguard-demo-").FullName;
        try
        {
            var tokenizer = DemoModel.TrainTokenizer(folder, 2048);
            var format = ChatFormat.For(tokenizer);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var row in Curriculum.Distinct())
            {
                var chat = format.Encode(row.User, row.Assistant);
                int[] prompt = [tokenizer.TokenId("<|im_start|>")!.Value, .. tokenizer.EncodeLiteral("user\n"), .. tokenizer.EncodeLiteral(row.User), tokenizer.TokenId("<|im_end|>")!.Value, .. tokenizer.EncodeLiteral("\n"),
                    tokenizer.TokenId("<|im_start|>")!.Value, .. tokenizer.EncodeLiteral("assistant\n")];
                int[] answer = [.. tokenizer.EncodeLiteral(row.Assistant), tokenizer.TokenId("<|im_end|>")!.Value];
                Assert.Equal([.. prompt, .. answer, .. tokenizer.EncodeLiteral("\n")], chat.Ids);
                Assert.Equal(Enumerable.Range(0, chat.Ids.Length).Select(i => i >= prompt.Length && i < prompt.Length + answer.Length), chat.IsResponse);
                hash.AppendData(MemoryMarshal.AsBytes<int>(chat.Ids));
            }
            Assert.Equal("c60a22330cce4f1cb147984bb8382e89cdcde73a1205ea1d2b93282bb3b2619f", Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
