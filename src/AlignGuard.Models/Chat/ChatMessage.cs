namespace AlignGuard.Models.Chat;

/// <param name="Role"><c>system</c> (only first), <c>user</c> or <c>assistant</c>.</param>
public sealed record ChatMessage(string Role, string Content)
{
    public const string SystemRole = "system", UserRole = "user", AssistantRole = "assistant";

    public static ChatMessage System(string content) => new(SystemRole, content);

    public static ChatMessage User(string content) => new(UserRole, content);

    public static ChatMessage Assistant(string content) => new(AssistantRole, content);
}

/// <summary>A conversation as token ids.</summary>
/// <param name="IsResponse">One entry for each id: whether the assistant wrote it; its end-of-turn token counts, headers do not.</param>
public sealed record EncodedChat(int[] Ids, bool[] IsResponse)
{
    /// <summary>What an encoder reads; <see cref="Ids"/> are then the answer alone. Null for decoder-only models.</summary>
    public int[]? Source { get; init; }
}
