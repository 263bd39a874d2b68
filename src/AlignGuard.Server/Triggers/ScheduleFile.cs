using AlignGuard.Models;
using AlignGuard.Pipeline.Runner;
using AlignGuard.Server.Runs;
using Cronos;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AlignGuard.Server.Triggers;

/// <summary>
/// <c>schedules: [ { name, cron: "0 3 * * *", timeZone: UTC, job: job.yaml } ]</c>: five cron fields; timeZone is an IANA name, default UTC; instead of job, sweep.
/// Paths are relative to the file. It is the operator's own file, so its jobs may name local data.
/// </summary>
internal sealed class ScheduleFile
{
    private const int MaxBytes = 1 << 20, LongestName = 40;
    private static readonly string[] Keys = ["name", "cron", "timeZone", "job", "sweep"];

    private readonly List<string> _problems = [];
    private readonly string _path, _folder;

    private ScheduleFile(string path) => (_path, _folder) = (path, Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <exception cref="UserFaultException">Everything wrong with the file and with the jobs it names, each with its line.</exception>
    public static IReadOnlyList<Schedule> Load(string path)
    {
        var file = new ScheduleFile(path);
        var schedules = file.Read();
        return file._problems.Count == 0 ? schedules : throw new UserFaultException(file._problems);
    }

    public static IReadOnlyList<string> Problems(string path)
    {
        var file = new ScheduleFile(path);
        file.Read();
        return file._problems;
    }

    private List<Schedule> Read()
    {
        if (Root() is not { } root) return [];
        var schedules = new List<Schedule>();
        foreach (var (key, value) in root.Children)
        {
            if (key is not YamlScalarNode { Value: "schedules" }) Add(key, $"'{key}' is an unknown key. The file has one: schedules.");
            else if (value is not YamlSequenceNode list) Add(value, "schedules: a list is needed, each with name, cron and job or sweep.");
            else schedules.AddRange(list.Children.Select(One).OfType<Schedule>());
        }
        if (!root.Children.Keys.OfType<YamlScalarNode>().Any(k => k.Value == "schedules")) Add(root, "schedules: the key is missing.");
        foreach (var twice in schedules.GroupBy(s => s.Name).Where(g => g.Count() > 1)) Add(root, $"the name '{twice.Key}' is given to {twice.Count()} schedules; each needs its own.");
        return schedules;
    }

    private YamlMappingNode? Root()
    {
        if (!File.Exists(_path)) _problems.Add($"There is no schedule file {_path}.");
        else if (new FileInfo(_path).Length > MaxBytes) _problems.Add($"{_path} is larger than 1 MiB. Is this the right file?");
        else
        {
            try
            {
                var yaml = new YamlStream();
                using var reader = File.OpenText(_path);
                yaml.Load(reader);
                if (yaml.Documents is [{ RootNode: YamlMappingNode root }]) return root;
                _problems.Add($"{_path}: one group of keys is needed: schedules: [ ... ].");
            }
            catch (YamlException e)
            {
                _problems.Add($"{_path}({e.Start.Line},{e.Start.Column}): this is no YAML: {e.Message}");
            }
        }
        return null;
    }

    private Schedule? One(YamlNode node)
    {
        if (node is not YamlMappingNode map)
        {
            Add(node, "a schedule is a group of keys: name, cron, and job or sweep.");
            return null;
        }
        var before = _problems.Count;
        foreach (var key in map.Children.Keys.Where(k => k is not YamlScalarNode { Value: { } name } || !Keys.Contains(name))) Add(key, $"'{key}' is an unknown key. A schedule has {string.Join(", ", Keys)}.");
        var (name, cron, zone) = (Name(map), Cron(map), Zone(map));
        var file = FileOf(map, out var isSweep);
        return _problems.Count > before ? null : new Schedule(name!, Text(map, "cron")!.Value!, cron!, zone!, file!, isSweep);
    }

    private string? Name(YamlMappingNode map)
    {
        var node = Required(map, "name");
        if (node is not null && (!RunId.IsValid(node.Value!) || node.Value!.Length > LongestName)) Add(node, $"name: letters, digits, dots, dashes and underscores, at most {LongestName}.");
        return node?.Value;
    }

    private CronExpression? Cron(YamlMappingNode map)
    {
        if (Required(map, "cron") is not { } node) return null;
        if (CronExpression.TryParse(node.Value!, CronFormat.Standard, out var cron)) return cron;
        Add(node, $"cron: '{node.Value}' is not five fields (minute, hour, day of month, month, day of week) such as \"0 3 * * *\".");
        return null;
    }

    private TimeZoneInfo? Zone(YamlMappingNode map)
    {
        if (Text(map, "timeZone") is not { } node) return TimeZoneInfo.Utc;
        if (TimeZoneInfo.TryFindSystemTimeZoneById(node.Value!, out var zone)) return zone;
        Add(node, $"timeZone: this machine knows no '{node.Value}'. Give an IANA name such as Europe/Berlin, or leave the key out for UTC.");
        return null;
    }

    private string? FileOf(YamlMappingNode map, out bool isSweep)
    {
        var (job, sweep) = (Text(map, "job"), Text(map, "sweep"));
        isSweep = sweep is not null;
        if ((job is null) == (sweep is null))
        {
            Add(map, "one of job and sweep is needed, and not both.");
            return null;
        }
        var node = (job ?? sweep)!;
        var path = Path.GetFullPath(node.Value!, _folder);
        if (!File.Exists(path)) Add(node, $"{(isSweep ? "sweep" : "job")}: there is no file {path}.");
        else if (!isSweep) CheckJob(node, path);
        return path;
    }

    private void CheckJob(YamlNode node, string path)
    {
        try
        {
            JobFileReader.Read(path, []);
        }
        catch (UserFaultException e)
        {
            foreach (var problem in e.Problems) Add(node, $"job: {problem}");
        }
    }

    private YamlScalarNode? Required(YamlMappingNode map, string key)
    {
        var node = Text(map, key);
        if (node is null && !map.Children.ContainsKey(new YamlScalarNode(key))) Add(map, $"{key}: the key is missing.");
        return node;
    }

    private YamlScalarNode? Text(YamlMappingNode map, string key)
    {
        if (!map.Children.TryGetValue(new YamlScalarNode(key), out var value)) return null;
        if (value is YamlScalarNode { Value.Length: > 0 } scalar) return scalar;
        Add(value, $"{key}: a text is needed.");
        return null;
    }

    private void Add(YamlNode node, string problem) => _problems.Add($"{_path}({node.Start.Line},{node.Start.Column}): {problem}");
}
