namespace AlignGuard.Models.Chat.Jinja;

/// <summary>The parts of a template. <c>Line</c> is where it stands, from 1.</summary>
internal abstract record Node(int Line);

internal abstract record Statement(int Line) : Node(Line);

internal sealed record TextStatement(int Line, string Text) : Statement(Line);

internal sealed record OutputStatement(int Line, Expression Value) : Statement(Line);

/// <param name="Branches">if and elif, in order.</param>
internal sealed record IfStatement(int Line, IReadOnlyList<(Expression Test, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else) : Statement(Line);

internal sealed record ForStatement(int Line, IReadOnlyList<string> Targets, Expression Items, Expression? Filter, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else) : Statement(Line);

/// <param name="Target">A name, an attribute of a namespace, or a list of names.</param>
/// <param name="Body">Of <c>{% set x %}…{% endset %}</c>, in place of <paramref name="Value"/>.</param>
internal sealed record SetStatement(int Line, Expression Target, Expression? Value, IReadOnlyList<Statement>? Body, IReadOnlyList<FilterCall> Filters) : Statement(Line);

internal sealed record MacroStatement(int Line, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body) : Statement(Line);

internal sealed record CallStatement(int Line, CallExpression Call, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body) : Statement(Line);

internal sealed record FilterStatement(int Line, IReadOnlyList<FilterCall> Filters, IReadOnlyList<Statement> Body) : Statement(Line);

/// <summary><c>{% generation %}</c>: what the assistant wrote, for the loss mask.</summary>
internal sealed record GenerationStatement(int Line, IReadOnlyList<Statement> Body) : Statement(Line);

internal sealed record LoopControlStatement(int Line, bool Break) : Statement(Line);

internal abstract record Expression(int Line) : Node(Line);

internal sealed record ConstantExpression(int Line, object? Value) : Expression(Line);

internal sealed record NameExpression(int Line, string Name) : Expression(Line);

internal sealed record ListExpression(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

internal sealed record DictExpression(int Line, IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression(Line);

internal sealed record UnaryExpression(int Line, string Operator, Expression Operand) : Expression(Line);

internal sealed record BinaryExpression(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

internal sealed record TernaryExpression(int Line, Expression Test, Expression Then, Expression? Else) : Expression(Line);

internal sealed record MemberExpression(int Line, Expression Object, Expression Key) : Expression(Line);

internal sealed record SliceExpression(int Line, Expression Object, Expression? Start, Expression? Stop, Expression? Step) : Expression(Line);

internal sealed record CallExpression(int Line, Expression Callee, Arguments Arguments) : Expression(Line);

internal sealed record FilterExpression(int Line, Expression Operand, FilterCall Filter) : Expression(Line);

internal sealed record TestExpression(int Line, Expression Operand, string Name, Arguments Arguments, bool Negated) : Expression(Line);

internal sealed record FilterCall(int Line, string Name, Arguments Arguments);

internal sealed record Arguments(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    public static readonly Arguments None = new([], []);
}
