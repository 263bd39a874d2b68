using System.Globalization;

namespace AlignGuard.Models.Chat.Jinja;

// What follows a value: look-ups, calls, filters, tests.
internal sealed partial class JinjaParser
{
    private Expression Postfix(Expression value)
    {
        while (true)
        {
            var line = Now.Line;
            if (TakeOperator("."))
            {
                var key = Now.Kind == TokenKind.Integer ? new ConstantExpression(line, long.Parse(tokens[at++].Text, CultureInfo.InvariantCulture)) : new ConstantExpression(line, TaggedText.Of(Name()));
                value = new MemberExpression(line, value, key);
            }
            else if (TakeOperator("[")) value = Subscript(value, line);
            else if (TakeOperator("(")) value = new CallExpression(line, value, CallArguments());
            else return value;
        }
    }

    private Expression Subscript(Expression value, int line)
    {
        Expression? Part() => Now is { Kind: TokenKind.Operator, Text: ":" or "]" } ? null : Expression();
        var start = Part();
        if (TakeOperator("]")) return new MemberExpression(line, value, start ?? throw new JinjaException("[] needs a key.", line));
        ExpectOperator(":");
        var stop = Part();
        var step = TakeOperator(":") ? Part() : null;
        ExpectOperator("]");
        return new SliceExpression(line, value, start, stop, step);
    }

    private Arguments CallArguments()
    {
        var (positional, named) = (new List<Expression>(), new List<(string, Expression)>());
        Separated(")", () =>
        {
            if (Now.Kind == TokenKind.Name && tokens[at + 1] is { Kind: TokenKind.Operator, Text: "=" })
            {
                var name = Name();
                at++;
                named.Add((name, Expression()));
            }
            else if (Now is { Kind: TokenKind.Operator, Text: "*" or "**" }) throw new JinjaException("* and ** in calls are not supported.", Now.Line);
            else positional.Add(Expression());
            return 0;
        });
        return new(positional, named);
    }

    private Expression Filtered(Expression value)
    {
        while (true)
        {
            if (TakeOperator("|")) value = Postfix(new FilterExpression(Now.Line, value, FilterCall()));
            else if (TakeName("is")) value = Test(value);
            else return value;
        }
    }

    private FilterCall FilterCall()
    {
        var line = Now.Line;
        var name = Name();
        var arguments = TakeOperator("(") ? CallArguments() : Arguments.None;
        return new(line, JinjaFilters.Names.Contains(name) ? name : throw new JinjaException($"the filter '{name}' is not supported.", line), arguments);
    }

    private TestExpression Test(Expression value)
    {
        var line = Now.Line;
        var negated = TakeName("not");
        var name = Name();
        if (!JinjaTests.Names.Contains(name)) throw new JinjaException($"the test '{name}' is not supported.", line);
        var arguments = TakeOperator("(") ? CallArguments()
            : JinjaTests.TakesArgument(name) ? new Arguments([Postfix(Primary())], []) : Arguments.None;
        return new(line, value, name, arguments, negated);
    }
}
