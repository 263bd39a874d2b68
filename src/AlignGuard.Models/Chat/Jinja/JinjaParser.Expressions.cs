using System.Globalization;

namespace AlignGuard.Models.Chat.Jinja;

// From the loosest operator to the tightest, as Jinja binds them: if-else, or, and, not, comparisons, + -, ~, * / // %, unary, **, filters and tests.
internal sealed partial class JinjaParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private Expression TupleOrExpression()
    {
        var first = Expression();
        if (Now is not { Kind: TokenKind.Operator, Text: "," }) return first;
        var items = new List<Expression> { first };
        while (TakeOperator(",")) items.Add(Expression());
        return new ListExpression(first.Line, items);
    }

    private Expression Expression()
    {
        if (++depth > JinjaBudget.MaxDepth / 4) throw new JinjaException("expressions are nested too deep.", Now.Line);
        var value = Or();
        while (TakeName("if"))
        {
            var test = Or();
            value = new TernaryExpression(value.Line, test, value, TakeName("else") ? Expression() : null);
        }
        depth--;
        return value;
    }

    private Expression Or() => Named(And, "or");

    private Expression And() => Named(Not, "and");

    private Expression Not()
    {
        var negations = 0;
        var line = Now.Line;
        while (TakeName("not")) negations++;
        var value = Comparison();
        for (var i = 0; i < Math.Min(negations, 2 + negations % 2); i++) value = new UnaryExpression(line, "not", value);
        return value;
    }

    private Expression Comparison()
    {
        var left = Sum();
        while (true)
        {
            var line = Now.Line;
            if (Now.Kind == TokenKind.Operator && Comparisons.Contains(Now.Text)) left = new BinaryExpression(line, tokens[at++].Text, left, Sum());
            else if (TakeName("in")) left = new BinaryExpression(line, "in", left, Sum());
            else if (Now is { Kind: TokenKind.Name, Text: "not" } && tokens[at + 1] is { Kind: TokenKind.Name, Text: "in" })
            {
                at += 2;
                left = new UnaryExpression(line, "not", new BinaryExpression(line, "in", left, Sum()));
            }
            else return left;
        }
    }

    private Expression Sum() => Left(Joined, "+", "-");

    private Expression Joined() => Left(Product, "~");

    private Expression Product() => Left(Unary, "*", "/", "//", "%");

    private Expression Left(Func<Expression> operand, params string[] operators)
    {
        var left = operand();
        while (Now.Kind == TokenKind.Operator && operators.Contains(Now.Text))
        {
            var op = tokens[at++];
            left = new BinaryExpression(op.Line, op.Text, left, operand());
        }
        return left;
    }

    private Expression Named(Func<Expression> operand, string name)
    {
        var left = operand();
        while (TakeName(name)) left = new BinaryExpression(left.Line, name, left, operand());
        return left;
    }

    private Expression Unary() => Filtered(Signed());

    private Expression Signed()
    {
        var line = Now.Line;
        if (++depth > JinjaBudget.MaxDepth / 4) throw new JinjaException("expressions are nested too deep.", line);
        var value = TakeOperator("-") ? new UnaryExpression(line, "-", Signed()) : TakeOperator("+") ? Signed() : Power();
        depth--;
        return value;
    }

    private Expression Power()
    {
        var left = Postfix(Primary());
        while (Now is { Kind: TokenKind.Operator, Text: "**" })
        {
            at++;
            left = new BinaryExpression(left.Line, "**", left, Signed());
        }
        return left;
    }

    private Expression Primary()
    {
        var token = tokens[at++];
        switch (token.Kind)
        {
            case TokenKind.Integer: return new ConstantExpression(token.Line, long.Parse(token.Text, CultureInfo.InvariantCulture));
            case TokenKind.Float: return new ConstantExpression(token.Line, double.Parse(token.Text, CultureInfo.InvariantCulture));
            case TokenKind.String:
                // Strings beside each other are one, as in Python.
                var text = token.Text;
                while (Now.Kind == TokenKind.String) text += tokens[at++].Text;
                return new ConstantExpression(token.Line, TaggedText.Of(text));
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new ConstantExpression(token.Line, true),
                    "false" or "False" => new ConstantExpression(token.Line, false),
                    "none" or "None" => new ConstantExpression(token.Line, null),
                    _ => new NameExpression(token.Line, token.Text),
                };
            case TokenKind.Operator when token.Text == "(":
                if (TakeOperator(")")) return new ListExpression(token.Line, []);
                var inner = Expression();
                if (Now is { Kind: TokenKind.Operator, Text: "," })
                {
                    var items = new List<Expression> { inner };
                    while (TakeOperator(",") && Now is not { Kind: TokenKind.Operator, Text: ")" }) items.Add(Expression());
                    inner = new ListExpression(token.Line, items);
                }
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[": return new ListExpression(token.Line, [.. Separated("]", Expression)]);
            case TokenKind.Operator when token.Text == "{":
                return new DictExpression(token.Line, [.. Separated("}", () =>
                {
                    var key = Expression();
                    ExpectOperator(":");
                    return (key, Expression());
                })]);
            default: throw new JinjaException($"a value is expected in place of '{token.Text}'.", token.Line);
        }
    }

    private List<T> Separated<T>(string close, Func<T> item)
    {
        var items = new List<T>();
        while (!TakeOperator(close))
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
                if (TakeOperator(close)) break;
            }
            items.Add(item());
        }
        return items;
    }
}
