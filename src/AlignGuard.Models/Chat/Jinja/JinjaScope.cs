namespace AlignGuard.Models.Chat.Jinja;

/// <summary>Names in force; a loop's or macro's scope hides the outer one and never changes it.</summary>
internal sealed class JinjaScope(JinjaScope? parent = null)
{
    private readonly Dictionary<string, object?> names = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => names[name] = value;

    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
            if (scope.names.TryGetValue(name, out var value)) return value;
        return new JinjaUndefined(name);
    }

    private JinjaScope? Parent { get; } = parent;
}
