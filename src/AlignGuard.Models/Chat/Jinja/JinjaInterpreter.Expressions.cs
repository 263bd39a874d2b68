namespace AlignGuard.Models.Chat.Jinja;

internal sealed partial class JinjaInterpreter
{
    private object? Value(Expression expression, JinjaScope scope)
    {
        budget.Enter();
        line = expression.Line;
        var value = Evaluate(expression, scope);
        budget.Leave();
        return value;
    }

    private object? Evaluate(Expression expression, JinjaScope scope)
    {
        switch (expression)
        {
            case ConstantExpression constant: return constant.Value;
            case NameExpression name: return scope.Find(name.Name);
            case ListExpression list: return JinjaMethods.Made(list.Items.Select(item => Value(item, scope)), budget);
            case DictExpression dict: return Dict(dict, scope);
            case UnaryExpression { Operator: "not" } not: return !JinjaValue.Truth(Value(not.Operand, scope));
            case UnaryExpression minus: return JinjaOperators.Apply("-", 0L, Value(minus.Operand, scope), budget);
            case BinaryExpression { Operator: "and" } and: return Value(and.Left, scope) is var left && JinjaValue.Truth(left) ? Value(and.Right, scope) : left;
            case BinaryExpression { Operator: "or" } or: return Value(or.Left, scope) is var first && JinjaValue.Truth(first) ? first : Value(or.Right, scope);
            case BinaryExpression binary:
                var (a, b) = (Value(binary.Left, scope), Value(binary.Right, scope));
                line = binary.Line;
                // bos_token + content, where there is no such token: nothing is written, and the caller is told.
                if (binary.Operator is "+" or "~") (a, b) = (Known(a), Known(b));
                return JinjaOperators.Apply(binary.Operator, a, b, budget);
            case TernaryExpression choice:
                return JinjaValue.Truth(Value(choice.Test, scope)) ? Value(choice.Then, scope) : choice.Else is { } other ? Value(other, scope) : new JinjaUndefined("the value of an if without else");
            case MemberExpression member: return Member(Value(member.Object, scope), Value(member.Key, scope));
            case SliceExpression slice:
                return JinjaOperators.Slice(Value(slice.Object, scope), Bound(slice.Start, scope), Bound(slice.Stop, scope), Bound(slice.Step, scope), budget);
            case CallExpression call: return Call(call, scope);
            case FilterExpression filter:
                var operand = Value(filter.Operand, scope);
                var arguments = Evaluate(filter.Filter.Arguments, scope);
                line = filter.Line;
                return JinjaFilters.Apply(filter.Filter.Name, operand, arguments, budget);
            case TestExpression test: return JinjaTests.Holds(test.Name, Value(test.Operand, scope), Evaluate(test.Arguments, scope), budget) != test.Negated;
            default: throw new JinjaException($"{expression.GetType().Name} is not supported.", expression.Line);
        }
    }

    private object? Known(object? value)
    {
        if (value is not JinjaUndefined { Name: "bos_token" or "eos_token" or "pad_token" or "unk_token" } token) return value;
        missing.Add(token.Name);
        return TaggedText.Empty;
    }

    private JinjaDict Dict(DictExpression expression, JinjaScope scope)
    {
        var dict = new JinjaDict();
        foreach (var (key, value) in expression.Items)
        {
            if (Value(key, scope) is not TaggedText text) throw new JinjaException("keys of a mapping must be strings.", key.Line);
            dict.Entries[text.Value] = Value(value, scope);
        }
        budget.Text(16L * expression.Items.Count);
        return dict;
    }

    private long? Bound(Expression? bound, JinjaScope scope) => bound is null || Value(bound, scope) is not { } value ? null
        : JinjaValue.Integer(value) ?? throw new JinjaException($"a slice needs integers, not {JinjaValue.Kind(value)}.", bound.Line);

    private object? Member(object? holder, object? key)
    {
        switch (holder, key)
        {
            case (JinjaUndefined unknown, _): throw new JinjaException($"'{unknown.Name}' is undefined.");
            case (JinjaDict dict, TaggedText name) when dict.Entries.TryGetValue(name.Value, out var value): return value;
            case (JinjaNamespace space, TaggedText name) when space.Entries.TryGetValue(name.Value, out var value): return value;
            case (List<object?> list, long at) when (at < 0 ? at + list.Count : at) is var place && place >= 0 && place < list.Count: return list[(int)place];
            case (TaggedText text, long at) when (at < 0 ? at + text.Length : at) is var place && place >= 0 && place < text.Length: return text.Slice((int)place, 1);
            case (_, TaggedText name): return JinjaMethods.Find(holder, name.Value, budget) ?? (object)new JinjaUndefined(name.Value);
            default: return new JinjaUndefined(key is long index ? $"[{index}]" : "of this key");
        }
    }

    private object? Call(CallExpression call, JinjaScope scope)
    {
        var callee = Value(call.Callee, scope);
        var arguments = Evaluate(call.Arguments, scope);
        line = call.Line;
        if (callee is not JinjaFunction function)
            throw new JinjaException(callee is JinjaUndefined { Name: var name } ? $"the function or method '{name}' is not known." : $"{JinjaValue.Kind(callee)} can not be called.");
        // A macro sees who called it: {% call %}.
        if (call.Callee is NameExpression && scope.Find("caller") is JinjaFunction caller && function.Name != "caller") arguments = arguments with { Named = [.. arguments.Named, ("caller", caller)] };
        budget.Enter();
        var value = function.Call(arguments);
        budget.Leave();
        return value;
    }

    private CallValues Evaluate(Arguments arguments, JinjaScope scope) =>
        arguments == Arguments.None ? new([], []) : new([.. arguments.Positional.Select(a => Value(a, scope))], [.. arguments.Named.Select(n => (n.Name, Value(n.Value, scope)))]);
}
