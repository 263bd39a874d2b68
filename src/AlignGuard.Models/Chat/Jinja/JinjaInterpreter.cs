namespace AlignGuard.Models.Chat.Jinja;

/// <summary>Runs a template once: statements here, expressions in the other part.</summary>
internal sealed partial class JinjaInterpreter(JinjaBudget budget)
{
    private enum Flow { Next, Break, Continue }

    private readonly List<(int Start, int Length)> generations = [];
    private readonly HashSet<string> missing = new(StringComparer.Ordinal);
    private TaggedTextBuilder output = new();
    private int line;
    private int captures;

    public JinjaResult Run(IReadOnlyList<Statement> template, JinjaScope globals)
    {
        try
        {
            Run(template, globals, Flow.Next);
            return new JinjaResult(output.ToText(), generations, missing);
        }
        catch (JinjaException e) when (e is not JinjaRaisedException && !e.Message.StartsWith("line ", StringComparison.Ordinal))
        {
            throw new JinjaException(e.Message, line);
        }
    }

    private Flow Run(IReadOnlyList<Statement> body, JinjaScope scope, Flow flow)
    {
        budget.Enter();
        foreach (var statement in body)
        {
            line = statement.Line;
            flow = Run(statement, scope);
            if (flow != Flow.Next) break;
        }
        budget.Leave();
        return flow;
    }

    private Flow Run(Statement statement, JinjaScope scope)
    {
        budget.Step();
        switch (statement)
        {
            case TextStatement text: Write(TaggedText.Of(text.Text)); return Flow.Next;
            case OutputStatement write:
                var value = Value(write.Value, scope);
                if (value is JinjaUndefined { Name: var name }) missing.Add(name);
                // What a call like list.append() gives back is nobody's text.
                if (value is not null || write.Value is not CallExpression) Write(JinjaValue.Text(value, budget));
                return Flow.Next;
            case IfStatement choice:
                foreach (var (test, body) in choice.Branches)
                    if (JinjaValue.Truth(Value(test, scope))) return Run(body, scope, Flow.Next);
                return Run(choice.Else, scope, Flow.Next);
            case ForStatement loop: return Loop(loop, scope);
            case SetStatement set:
                Assign(set.Target, set.Value is { } source ? Value(source, scope) : Filtered(Capture(set.Body!, scope), set.Filters, scope), scope);
                return Flow.Next;
            case MacroStatement macro: scope.Set(macro.Name, Macro(macro.Name, macro.Parameters, macro.Body, scope)); return Flow.Next;
            case CallStatement call:
                var inner = new JinjaScope(scope);
                inner.Set("caller", Macro("caller", call.Parameters, call.Body, scope));
                Write(JinjaValue.Text(Value(call.Call, inner), budget));
                return Flow.Next;
            case FilterStatement filter: Write(JinjaValue.Text(Filtered(Capture(filter.Body, scope), filter.Filters, scope), budget)); return Flow.Next;
            case GenerationStatement generation: return Generation(generation, scope);
            case LoopControlStatement control: return control.Break ? Flow.Break : Flow.Continue;
            default: throw new JinjaException($"{statement.GetType().Name} is not supported.", statement.Line);
        }
    }

    private Flow Generation(GenerationStatement generation, JinjaScope scope)
    {
        var start = output.Length;
        var flow = Run(generation.Body, scope, Flow.Next);
        // In a macro or a set block the place in the final text is not known; where the marks are missing, prefixes tell.
        if (captures == 0) generations.Add((start, output.Length - start));
        return flow;
    }

    private Flow Loop(ForStatement loop, JinjaScope scope)
    {
        var items = JinjaMethods.Made(JinjaFilters.Items(Value(loop.Items, scope), budget), budget);
        if (loop.Filter is { } filter)
            items = items.Where(item =>
            {
                var inner = new JinjaScope(scope);
                Bind(loop.Targets, item, inner);
                return JinjaValue.Truth(Value(filter, inner));
            }).ToList();
        if (items.Count == 0) return Run(loop.Else, scope, Flow.Next);
        for (var i = 0; i < items.Count; i++)
        {
            var inner = new JinjaScope(scope);
            inner.Set("loop", LoopInfo(items, i));
            Bind(loop.Targets, items[i], inner);
            if (Run(loop.Body, inner, Flow.Next) == Flow.Break) break;
        }
        return Flow.Next;
    }

    private static JinjaDict LoopInfo(List<object?> items, int i) => JinjaDict.Of(
        ("index", i + 1L), ("index0", (long)i), ("revindex", (long)items.Count - i), ("revindex0", items.Count - i - 1L), ("first", i == 0), ("last", i == items.Count - 1),
        ("length", (long)items.Count), ("depth", 1L), ("depth0", 0L),
        ("previtem", i > 0 ? items[i - 1] : new JinjaUndefined("loop.previtem")), ("nextitem", i + 1 < items.Count ? items[i + 1] : new JinjaUndefined("loop.nextitem")),
        ("cycle", new JinjaFunction("cycle", a => a.Positional.Count > 0 ? a.Positional[i % a.Positional.Count] : throw new JinjaException("cycle() needs values."))));

    private static void Bind(IReadOnlyList<string> targets, object? item, JinjaScope scope)
    {
        if (targets.Count == 1)
        {
            scope.Set(targets[0], item);
            return;
        }
        if (item is not List<object?> parts || parts.Count != targets.Count) throw new JinjaException($"{JinjaValue.Kind(item)} can not be taken apart into {targets.Count} names.");
        for (var i = 0; i < targets.Count; i++) scope.Set(targets[i], parts[i]);
    }

    private void Assign(Expression target, object? value, JinjaScope scope)
    {
        switch (target)
        {
            case NameExpression name: scope.Set(name.Name, value); break;
            case ListExpression names: Bind([.. names.Items.Cast<NameExpression>().Select(n => n.Name)], value, scope); break;
            case MemberExpression { Object: NameExpression holder, Key: ConstantExpression { Value: TaggedText key } }:
                if (scope.Find(holder.Name) is not JinjaNamespace space) throw new JinjaException($"'{holder.Name}' is no namespace: its attributes can not be set.", target.Line);
                space.Entries[key.Value] = value;
                break;
        }
    }

    private JinjaFunction Macro(string name, IReadOnlyList<(string Name, Expression? Default)> parameters, IReadOnlyList<Statement> body, JinjaScope scope) => new(name, given =>
    {
        if (given.Positional.Count > parameters.Count) throw new JinjaException($"the macro '{name}' takes {parameters.Count} arguments, not {given.Positional.Count}.");
        foreach (var (named, _) in given.Named)
            if (parameters.All(p => p.Name != named) && named != "caller") throw new JinjaException($"the macro '{name}' has no argument '{named}'.");
        var inner = new JinjaScope(scope);
        for (var i = 0; i < parameters.Count; i++)
        {
            var (parameter, absent) = parameters[i];
            var value = given.Get(i, parameter, inner);
            inner.Set(parameter, !ReferenceEquals(value, inner) ? value : absent is null ? new JinjaUndefined(parameter) : Value(absent, inner));
        }
        if (given.Named.FirstOrDefault(n => n.Name == "caller").Value is { } caller) inner.Set("caller", caller);
        return Capture(body, inner);
    });

    private TaggedText Capture(IReadOnlyList<Statement> body, JinjaScope scope)
    {
        var outer = output;
        output = new();
        captures++;
        Run(body, scope, Flow.Next);
        captures--;
        (var text, output) = (output.ToText(), outer);
        return text;
    }

    private object? Filtered(object? value, IReadOnlyList<FilterCall> filters, JinjaScope scope) =>
        filters.Aggregate(value, (v, filter) => JinjaFilters.Apply(filter.Name, v, Evaluate(filter.Arguments, scope), budget));

    private void Write(TaggedText text)
    {
        budget.Text(text.Length);
        if (captures == 0) budget.Output(text.Length);
        output.Append(text);
    }
}

/// <param name="Generations">What stood in <c>{% generation %}</c> blocks, by place in the text.</param>
/// <param name="Missing">Names that were written out though nothing is known by them.</param>
internal sealed record JinjaResult(TaggedText Text, IReadOnlyList<(int Start, int Length)> Generations, IReadOnlySet<string> Missing);
