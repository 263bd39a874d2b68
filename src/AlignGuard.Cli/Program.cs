using System.CommandLine;
using System.Globalization;
using AlignGuard.Cli.Commands;
using AlignGuard.Cli.Terminal;

// Numbers in files, JSON and job overrides are written one way on every machine.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
NativeEnvironment.Prepare();

var root = new RootCommand("Fine-tunes aligned language models with LoRA and keeps their refusals. Nothing that lost its alignment is published.")
{
    DemoCommand.Create(),
    RunCommand.Create(),
    SweepCommand.Create(),
    ServeCommand.Create(),
    StatusCommand.Create(),
    PauseCommand.Pause(),
    PauseCommand.Resume(),
    CancelCommand.Create(),
    ApproveCommand.Create(),
    StoreCommand.Create(),
    ModelCommand.Create(),
    MethodsCommand.Create(),
    DevCommand.Create(),
};
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
