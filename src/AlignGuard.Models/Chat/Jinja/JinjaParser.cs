namespace AlignGuard.Models.Chat.Jinja;

/// <summary>Builds the tree of a template: statements here, expressions in the other part.</summary>
internal sealed partial class JinjaParser
{
    private readonly List<JinjaToken> tokens;
    private int at;
    private int depth;

    private JinjaParser(List<JinjaToken> tokens) => this.tokens = tokens;

    /// <exception cref="JinjaException">Not a template of the supported language.</exception>
    public static IReadOnlyList<Statement> Parse(string template)
    {
        var parser = new JinjaParser(JinjaLexer.Tokens(template));
        var (body, _) = parser.Body();
        return body;
    }

    private JinjaToken Now => tokens[at];

    // Statements up to one of the names, which is left current.
    private (List<Statement> Body, string End) Body(params string[] ends)
    {
        if (++depth > JinjaBudget.MaxDepth / 4) throw new JinjaException("blocks are nested too deep.", Now.Line);
        var body = new List<Statement>();
        while (true)
        {
            var token = tokens[at++];
            switch (token.Kind)
            {
                case TokenKind.Text: body.Add(new TextStatement(token.Line, token.Text)); break;
                case TokenKind.OpenExpression:
                    body.Add(new OutputStatement(token.Line, TupleOrExpression()));
                    Expect(TokenKind.CloseExpression, "}}");
                    break;
                case TokenKind.OpenBlock:
                    var name = Name();
                    if (ends.Contains(name))
                    {
                        depth--;
                        return (body, name);
                    }
                    body.Add(Block(name, token.Line));
                    break;
                case TokenKind.End when ends.Length == 0:
                    depth--;
                    return (body, "");
                case TokenKind.End: throw new JinjaException($"ends where '{string.Join("' or '", ends)}' is missing.", token.Line);
                default: throw new JinjaException($"'{token.Text}' is not expected here.", token.Line);
            }
        }
    }

    private Statement Block(string name, int line) => name switch
    {
        "if" => If(line),
        "for" => For(line),
        "set" => Set(line),
        "macro" => Macro(line),
        "call" => Call(line),
        "filter" => Filter(line),
        "generation" => Generation(line),
        "break" or "continue" => LoopControl(name, line),
        _ => throw new JinjaException($"the block '{name}' is not supported: if, for, set, macro, call, filter, generation, break and continue are.", line),
    };

    private IfStatement If(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        while (true)
        {
            var test = Expression();
            CloseBlock();
            var (body, end) = Body("elif", "else", "endif");
            branches.Add((test, body));
            if (end == "elif") continue;
            CloseBlock();
            if (end == "endif") return new(line, branches, []);
            var (otherwise, _) = Body("endif");
            CloseBlock();
            return new(line, branches, otherwise);
        }
    }

    private ForStatement For(int line)
    {
        var targets = Targets();
        if (!TakeName("in")) throw new JinjaException("'for' needs 'in'.", Now.Line);
        // `for x in items if test` is a filter of the loop, not a conditional value.
        var items = Or();
        if (TakeOperator(",")) throw new JinjaException("a loop over several values needs them in brackets.", Now.Line);
        var filter = TakeName("if") ? Expression() : null;
        if (TakeName("recursive")) throw new JinjaException("recursive loops are not supported.", Now.Line);
        CloseBlock();
        var (body, end) = Body("else", "endfor");
        CloseBlock();
        if (end == "endfor") return new(line, targets, items, filter, body, []);
        var (otherwise, _) = Body("endfor");
        CloseBlock();
        return new(line, targets, items, filter, body, otherwise);
    }

    private List<string> Targets()
    {
        var bracket = TakeOperator("(");
        var targets = new List<string> { Name() };
        while (TakeOperator(",")) targets.Add(Name());
        if (bracket) ExpectOperator(")");
        return targets;
    }

    private SetStatement Set(int line)
    {
        Expression target = new NameExpression(Now.Line, Name());
        if (TakeOperator(".")) target = new MemberExpression(line, target, new ConstantExpression(line, TaggedText.Of(Name())));
        else if (Now is { Kind: TokenKind.Operator, Text: "," })
        {
            var names = new List<Expression> { target };
            while (TakeOperator(",")) names.Add(new NameExpression(Now.Line, Name()));
            target = new ListExpression(line, names);
        }
        if (TakeOperator("="))
        {
            var value = TupleOrExpression();
            CloseBlock();
            return new(line, target, value, null, []);
        }
        var filters = new List<FilterCall>();
        while (TakeOperator("|")) filters.Add(FilterCall());
        CloseBlock();
        var (body, _) = Body("endset");
        CloseBlock();
        return new(line, target, null, body, filters);
    }

    private MacroStatement Macro(int line)
    {
        var name = Name();
        var parameters = Parameters();
        CloseBlock();
        var (body, _) = Body("endmacro");
        if (Now.Kind == TokenKind.Name) Name();
        CloseBlock();
        return new(line, name, parameters, body);
    }

    private List<(string, Expression?)> Parameters()
    {
        var parameters = new List<(string, Expression?)>();
        ExpectOperator("(");
        while (!TakeOperator(")"))
        {
            if (parameters.Count > 0) ExpectOperator(",");
            var name = Name();
            parameters.Add((name, TakeOperator("=") ? Expression() : null));
        }
        return parameters;
    }

    private CallStatement Call(int line)
    {
        var parameters = Now is { Kind: TokenKind.Operator, Text: "(" } ? Parameters() : [];
        if (Expression() is not CallExpression call) throw new JinjaException("'call' needs a call of a macro.", line);
        CloseBlock();
        var (body, _) = Body("endcall");
        CloseBlock();
        return new(line, call, parameters, body);
    }

    private FilterStatement Filter(int line)
    {
        var filters = new List<FilterCall> { FilterCall() };
        while (TakeOperator("|")) filters.Add(FilterCall());
        CloseBlock();
        var (body, _) = Body("endfilter");
        CloseBlock();
        return new(line, filters, body);
    }

    private GenerationStatement Generation(int line)
    {
        CloseBlock();
        var (body, _) = Body("endgeneration");
        CloseBlock();
        return new(line, body);
    }

    private LoopControlStatement LoopControl(string name, int line)
    {
        CloseBlock();
        return new(line, name == "break");
    }
}
