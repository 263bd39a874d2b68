namespace AlignGuard.Models.Chat.Jinja;

// What the parser asks of the tokens.
internal sealed partial class JinjaParser
{
    private void CloseBlock() => Expect(TokenKind.CloseBlock, "%}");

    private void Expect(TokenKind kind, string what)
    {
        if (Now.Kind != kind) throw new JinjaException($"'{what}' is expected in place of '{Now.Text}'.", Now.Line);
        at++;
    }

    private string Name()
    {
        if (Now.Kind != TokenKind.Name) throw new JinjaException($"a name is expected in place of '{Now.Text}'.", Now.Line);
        return tokens[at++].Text;
    }

    private bool TakeName(string name) => Take(TokenKind.Name, name);

    private bool TakeOperator(string text) => Take(TokenKind.Operator, text);

    private void ExpectOperator(string text)
    {
        if (!TakeOperator(text)) throw new JinjaException($"'{text}' is expected in place of '{Now.Text}'.", Now.Line);
    }

    private bool Take(TokenKind kind, string text)
    {
        if (Now.Kind != kind || Now.Text != text) return false;
        at++;
        return true;
    }
}
