using System.Collections.Frozen;

namespace AlignGuard.Models.Chat.Jinja;

/// <summary>What may follow <c>is</c>, and what select and reject take.</summary>
internal static class JinjaTests
{
    public static readonly FrozenSet<string> Names = FrozenSet.Create(StringComparer.Ordinal,
        "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "true", "false", "mapping", "sequence", "iterable", "callable",
        "even", "odd", "divisibleby", "lower", "upper", "sameas", "eq", "equalto", "ne", "lt", "lessthan", "le", "gt", "greaterthan", "ge", "in", "filter", "test");

    /// <summary>May be written without brackets: <c>x is in list</c>.</summary>
    public static bool TakesArgument(string name) =>
        name is "divisibleby" or "sameas" or "eq" or "equalto" or "ne" or "lt" or "lessthan" or "le" or "gt" or "greaterthan" or "ge" or "in";

    public static bool Holds(string name, object? value, CallValues arguments, JinjaBudget budget)
    {
        budget.Step();
        if (!Names.Contains(name)) throw new JinjaException($"the test '{name}' is not supported.");
        if (TakesArgument(name) && arguments.Positional.Count == 0) throw new JinjaException($"the test '{name}' needs a value to compare with.");
        object? Other() => arguments.Positional[0];
        return name switch
        {
            "defined" => value is not JinjaUndefined,
            "undefined" => value is JinjaUndefined,
            "none" => value is null,
            "string" => value is TaggedText,
            "number" => value is long or double or bool,
            "integer" => value is long,
            "float" => value is double,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "mapping" => value is JinjaDict,
            "sequence" => value is List<object?> or TaggedText or JinjaDict,
            "iterable" => value is List<object?> or TaggedText or JinjaDict or JinjaUndefined,
            "callable" => value is JinjaFunction,
            "even" => Integer(value) % 2 == 0,
            "odd" => Integer(value) % 2 != 0,
            "divisibleby" => Integer(Other()) is var by && by != 0 ? Integer(value) % by == 0 : throw new JinjaException("division by zero."),
            "lower" => value is TaggedText t && t.Value == t.Value.ToLowerInvariant(),
            "upper" => value is TaggedText t && t.Value == t.Value.ToUpperInvariant(),
            "eq" or "equalto" or "sameas" => JinjaValue.Same(value, Other(), budget),
            "ne" => !JinjaValue.Same(value, Other(), budget),
            "lt" or "lessthan" => JinjaValue.Compare(value, Other(), budget) < 0,
            "le" => JinjaValue.Compare(value, Other(), budget) <= 0,
            "gt" or "greaterthan" => JinjaValue.Compare(value, Other(), budget) > 0,
            "ge" => JinjaValue.Compare(value, Other(), budget) >= 0,
            "in" => JinjaOperators.Contains(Other(), value, budget),
            "filter" => value is TaggedText t && JinjaFilters.Names.Contains(t.Value),
            _ => value is TaggedText t && Names.Contains(t.Value),
        };
    }

    private static long Integer(object? value) => JinjaValue.Integer(value) ?? throw new JinjaException($"an integer is needed, not {JinjaValue.Kind(value)}.");
}
