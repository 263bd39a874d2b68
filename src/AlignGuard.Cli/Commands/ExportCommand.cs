using System.CommandLine;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models;
using AlignGuard.Pipeline.Export;
using AlignGuard.Pipeline.Store;
using static TorchSharp.torch;

namespace AlignGuard.Cli.Commands;

/// <summary><c>alignguard export ADAPTER --out DIR [--merged]</c>: a published adapter as a PEFT folder, or merged into its base model.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var adapter = new Argument<string>("adapter") { Description = "Name that an adapter is published under, or the folder of a PEFT adapter." };
        var to = new Option<string>("--out") { Description = "New folder.", Required = true };
        var merged = new Option<bool>("--merged") { Description = "Write a whole model: the base's weights with the adapter's update in them. Checked to give the same logits." };
        var model = new Option<string?>("--model") { Description = "With --merged: folder of the base model. Default: the one that the run was given." };
        var dtype = new Option<string>("--dtype") { Description = "With --merged: type of the written weights.", DefaultValueFactory = _ => "same" };
        dtype.AcceptOnlyFromAmong("same", "float32", "bfloat16", "float16");
        var store = CommonOptions.Store("alignguard-store");
        var command = new Command("export", "Writes a published adapter as a PEFT folder, or merged into its base model. What no gate accepted is published under no name, and not exported.") { adapter, to, merged, model, dtype, store, CommonOptions.Json };
        command.SetAction(result => Guarded.RunAsync(async () =>
        {
            var source = await AdapterSource.OpenAsync(result.GetRequiredValue(adapter), () => StoreAddress.OpenAsync(result.GetRequiredValue(store), lookOnly: true));
            return Write(source, result.GetRequiredValue(to), result.GetValue(merged), result.GetValue(model), result.GetRequiredValue(dtype), result.GetValue(CommonOptions.Json));
        }));
        return command;
    }

    private static int Write(AdapterSource source, string target, bool merged, string? model, string dtype, bool json)
    {
        if (!merged)
        {
            if (model is not null || dtype != "same") throw new UserFaultException("--model and --dtype belong to --merged.");
            AdapterFolder.Write(source, target);
            if (json) Screen.Json(new { adapter = source.Name, folder = target, files = source.Files.Keys.Order(StringComparer.Ordinal) });
            else Console.WriteLine($"{target}: {string.Join(", ", source.Files.Keys.Order(StringComparer.Ordinal))}");
            return ExitCode.Done;
        }
        var folder = model ?? source.BaseModel ?? throw new UserFaultException($"--model: name the folder of the base model of {source.Name}.");
        var report = MergedModel.Write(source, folder, target, dtype switch { "float32" => ScalarType.Float32, "bfloat16" => ScalarType.BFloat16, "float16" => ScalarType.Float16, _ => null });
        if (json) Screen.Json(new { adapter = source.Name, model = folder, folder = target, dtype = report.Dtype, difference = report.Difference, rounding = report.Rounding });
        else Console.WriteLine($"{target}: {folder} with {source.Name}, {report.Dtype}. Logits differ from base and adapter by {report.Difference:g2} of the largest in float32, by {report.Rounding:g2} as written.");
        return ExitCode.Done;
    }
}
