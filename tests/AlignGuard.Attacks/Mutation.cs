namespace AlignGuard.Attacks;

/// <summary>Small random damage to a file, from a seed.</summary>
public static class Mutation
{
    private static readonly string[] Tokens =
        ["0", "-1", "9223372036854775807", "18446744073709551615", "1e3", "null", "[", "]", "{", "}", ",", ":", "\"", "\"\\ud800\"", "\\u0000", "true", "\"BOOL\"", "\"F64\"", "[]", "{}"];

    /// <param name="head">Most of the damage goes to the first so many bytes.</param>
    public static byte[] Of(byte[] valid, int head, Random random)
    {
        var bytes = valid.ToList();
        for (var n = random.Next(1, 4); n > 0 && bytes.Count > 0; n--)
        {
            var at = random.Next(random.Next(5) > 0 ? Math.Min(head, bytes.Count) : bytes.Count);
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = (byte)('0' + random.Next(10)); break;
                case 3: bytes.RemoveAt(at); break;
                case 4: bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 80), bytes.Count - at))); break;
                default:
                    var token = Tokens[random.Next(Tokens.Length)];
                    bytes.InsertRange(at, token.Select(c => (byte)c));
                    break;
            }
        }
        return [.. bytes];
    }
}
