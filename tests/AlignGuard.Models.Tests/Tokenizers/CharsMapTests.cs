using System.Buffers.Binary;
using System.Text;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Models.Tests.Tokenizers;

/// <summary>SentencePiece's character map, on a double array built here.</summary>
public class CharsMapTests
{
    [Theory]
    [InlineData("ﬁne", "fine")]
    [InlineData("a\tb", "a b")]
    [InlineData("Ａ1", "A1")]
    [InlineData("zero\u200bwidth", "zerowidth")]
    [InlineData("plain 你好 😀 é", "plain 你好 😀 é")]
    [InlineData("", "")]
    public void CharactersAreReplacedByTheMap(string text, string expected) =>
        Assert.Equal(expected, CharsMap.Parse(Build(("ﬁ", "fi"), ("\t", " "), ("Ａ", "A"), ("\u200b", ""))).Apply(text));

    [Fact]
    public void AMapOfNoiseChangesTextOrNotButNeverFails()
    {
        var random = new Random(3);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = new byte[4 + 4 * random.Next(0, 300) + random.Next(0, 40)];
            random.NextBytes(bytes);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)((bytes.Length - 4) / 8 * 4));
            CharsMap.Parse(Convert.ToBase64String(bytes)).Apply("the ﬁne 你好 😀 e\u0301\0");
        }
    }

    /// <summary>Base64 of a map, as files of SentencePiece hold it.</summary>
    public static string Build(params (string Key, string By)[] entries)
    {
        var replacements = new List<byte>();
        var root = new Node();
        foreach (var (key, by) in entries)
        {
            var node = root;
            foreach (var b in Encoding.UTF8.GetBytes(key)) node = node.Next.TryGetValue(b, out var next) ? next : node.Next[b] = new Node();
            node.Value = replacements.Count;
            replacements.AddRange([.. Encoding.UTF8.GetBytes(by), 0]);
        }
        var units = new uint[1 << 16];
        var taken = new bool[units.Length];
        taken[0] = true;
        Place(root, 0);
        var bytes = new byte[4 + 4 * units.Length + replacements.Count];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)(4 * units.Length));
        for (var i = 0; i < units.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 + 4 * i), units[i]);
        replacements.CopyTo(bytes, 4 + 4 * units.Length);
        return Convert.ToBase64String(bytes);

        void Place(Node node, uint at)
        {
            var labels = node.Next.Keys.Select(b => (uint)b).Concat(node.Value is null ? [] : [0u]).ToList();
            var offset = 1u;
            while (labels.Any(label => taken[at ^ offset ^ label])) offset++;
            units[at] |= offset << 10 | (node.Value is null ? 0 : 1u << 8);
            foreach (var label in labels) taken[at ^ offset ^ label] = true;
            foreach (var label in labels) units[at ^ offset ^ label] = label == 0 ? (uint)node.Value! | 1u << 31 : label;
            foreach (var (b, next) in node.Next) Place(next, at ^ offset ^ b);
        }
    }

    private sealed class Node
    {
        public SortedDictionary<byte, Node> Next { get; } = [];
        public int? Value { get; set; }
    }
}
