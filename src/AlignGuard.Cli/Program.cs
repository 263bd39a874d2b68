using System.CommandLine;
using System.Globalization;
using AlignGuard.Cli.Commands;
using AlignGuard.Cli.Terminal;
using AlignGuard.Models.Numerics;

// Numbers in files, JSON and job overrides are written one way on every machine.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
NativeEnvironment.Prepare();

var root = new RootCommand("Fine-tunes aligned language models with LoRA and keeps their refusals. Nothing that lost its alignment is published.")
{
    DemoCommand.Create(),
    RunCommand.Create(),
    WorkCommand.Create(),
    SweepCommand.Create(),
    ServeCommand.Create(),
    StatusCommand.Create(),
    PauseCommand.Pause(),
    PauseCommand.Resume(),
    CancelCommand.Create(),
    ApproveCommand.Create(),
    ExportCommand.Create(),
    StoreCommand.Create(),
    DriftCheckCommand.Create(),
    ModelCommand.Create(),
    DataCommand.Create(),
    BenchmarkCommand.Create(),
    MethodsCommand.Create(),
    DevCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.GetValue(CommonOptions.Device) is { } device) Environment.SetEnvironmentVariable(ComputeDevice.Variable, device);
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
