using System.Text;
using System.Text.Json;
using AlignGuard.Domain.FineTuning;
using AlignGuard.Domain.Spec;
using AlignGuard.Domain.Sweeps;
using AlignGuard.Pipeline.Cloud;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace AlignGuard.Pipeline.Tests.Cloud;

public class MessageTests
{
    [Property(MaxTest = 500)]
    public Property Reading_a_written_command_gives_the_command() => Prop.ForAll(Domain.Commands.ToArbitrary(), command =>
    {
        var line = CommandCodec.Write(command);
        return CommandCodec.Read(line).Equals(command) && Size(new ActivityRequest("run", line)) < 4_096;
    });

    [Property(MaxTest = 500)]
    public Property Every_event_fits_a_message_and_says_the_same_but_for_long_texts() => Prop.ForAll(Domain.Events.ToArbitrary(), happened =>
    {
        var line = EventCodec.Write(Bounded.Of(happened));
        Assert.InRange(Size(new ActivityAnswer(AnswerKind.Ended, line, 1.5, null)), 1, Bounded.MessageBytes);
        Assert.InRange(Size(new RecordRequest("runs/run", 1, CloudLog.Line(line, default, 1.5))), 1, Bounded.MessageBytes);
        var read = EventCodec.Read(line);
        Assert.True(read.IsOk, line);
        Assert.Equal(line, EventCodec.Write(read.ResultValue));
        // What the decider reads of it is untouched.
        if (happened is Event.Failed f) Assert.Equal((f.CommandId, f.Attempt, f.Fault.Kind), read.ResultValue is Event.Failed g ? (g.CommandId, g.Attempt, g.Fault.Kind) : default);
        else if (happened is not Event.Completed { Result: CommandResult.DecomposeDone }) Assert.Equal(EventCodec.Write(happened), line);
        return true;
    });

    [Property(MaxTest = 300)]
    public Property A_state_that_was_carried_over_decides_as_the_whole_one(int seed) => Prop.ForAll(Domain.Plans.ToArbitrary(), plan =>
    {
        var random = new System.Random(seed);
        var (whole, _) = Decided(FineTuningDecider.Initial, Event.NewStarted(plan));
        var carried = Carried(whole);
        for (var n = 0; n < 400 && !FineTuningDecider.IsTerminal(whole); n++)
        {
            var happened = Domain.Next(whole, random.Next());
            var (nextWhole, commands) = Decided(whole, happened);
            var (nextCarried, same) = Decided(carried, happened);
            Assert.Equal(commands.Select(CommandCodec.Write), same.Select(CommandCodec.Write));
            Assert.Equal(nextWhole.Outcome?.Value, nextCarried.Outcome?.Value);
            Assert.Equal(nextWhole.Step, nextCarried.Step);
            whole = nextWhole;
            // Sometimes it goes on in the same history, and sometimes through several at once.
            carried = FineTuningDecider.IsTerminal(whole) || random.Next(2) == 0 ? nextCarried : Carried(Carried(nextCarried));
        }
        return true;
    });

    [Fact]
    public void The_state_of_a_run_of_ten_thousand_segments_is_carried_over_in_a_kilobyte()
    {
        var plan = new Plan(20_000, 1, 0, true, DriftSchedule.NewSteps(1), false, 3, 2, 7, 0, 0);
        var state = Decided(FineTuningDecider.Initial, Event.NewStarted(plan)).State;
        while (state.Segments.Length < 2 || !state.Outstanding[0].Work.IsSegment) state = Decided(state, Domain.Next(state, 1)).State;
        // Ten thousand appended one by one would take a while.
        var segments = Enumerable.Range(0, 10_000).Select(n => new CommittedSegment(n, n, n + 1, 0, $"runs/r/segments/{n}@0123456789abcdef", 1.5)).ToArray();
        state = new State(state.Plan, true, 1, 1, ["a warning"], segments, null, 0, state.Drifts, null, false, null, null, [new Command("segment/10000", 1, Work.NewSegment(10_000, 10_000, 10_001, 0, 9_999))], false, null);
        Assert.True(Size(state.Segments.Select(s => s.Artifact)) > 3 * Bounded.MessageBytes);
        var request = new RunRequest(new string('r', 75), new Limits(), RunSnapshot.Of(state), long.MaxValue, true, 5, new Watch(new string('i', 100), 999, 9));
        Assert.InRange(Size(request), 500, 2_048);
        var back = JsonSerializer.Deserialize<RunRequest>(JsonSerializer.Serialize(request))!.State!.Expand();
        Assert.Equal((state.Step, state.Segments.Length), (back.Step, back.Segments.Length));
        Assert.Equal(state.Outstanding, back.Outstanding);
    }

    [Fact]
    public void A_sweep_of_a_thousand_cells_in_the_middle_of_everything_fits_a_message()
    {
        var random = new System.Random(1);
        var cells = Enumerable.Range(0, 1000).Select(n => new PlannedCell(n, $"lambdaA {n} seed {n}", random.Next().ToString("x8") + "01234567")).ToArray();
        var log = new List<SweepEvent> { SweepEvent.NewStarted(new SweepPlan(cells, 4, null)) };
        foreach (var cell in cells)
        {
            log.Add(SweepEvent.NewPrepared(cell.SharedKey, 1));
            log.Add(SweepEvent.NewProgressed(cell.Index, 1, new CellProgress(5, 10, random.Next(9), 10, 10)));
            log.Add(SweepEvent.NewCellEnded(cell.Index, 1, new CellResult(cell.Index % 3 == 0 ? CellOutcome.NewFailed("a long sentence") : CellOutcome.Accepted, "run", 10, random.NextDouble(), random.NextDouble(), 1, 1, 1)));
        }
        var answer = new OpenSweepAnswer(SweepPack.Events(log), SweepPack.Runs(cells.Select(c => $"experiment-{c.Index}-{random.Next():x8}aa")), 1, false, []);
        Assert.InRange(Size(answer), 1_000, Bounded.MessageBytes);
        var (before, after) = (SweepDecider.Fold(log), SweepDecider.Fold(SweepPack.Events(answer.Events)));
        Assert.Equal(before.Cells.Select(c => c.Result!.Value.Outcome.Tag), after.Cells.Select(c => c.Result!.Value.Outcome.Tag));
        Assert.Equal(SweepDecider.Retry(before).Outstanding, SweepDecider.Retry(after).Outstanding);
    }

    [Fact]
    public void Messages_of_the_first_version_are_read_for_ever()
    {
        const string Old = """{"v":1,"id":"segment/3","attempt":2,"work":{"type":"segment","index":3,"from":30,"to":40,"parent":2,"later":true}}""";
        Assert.Equal(new Command("segment/3", 2, Work.NewSegment(3, 30, 40, null, 2)), CommandCodec.Read(Old));
        var request = JsonSerializer.Deserialize<RunRequest>("""{"RunId":"r-1","Limits":{"PatienceSeconds":1},"Unknown":1}""")!;
        Assert.Equal(("r-1", 1.0, 86_400.0), (request.RunId, request.Limits.PatienceSeconds, request.Limits.DeadlineSeconds));
        Assert.Equal(AnswerKind.Stopped, JsonSerializer.Deserialize<ActivityAnswer>("""{"Kind":"Stopped"}""")!.Kind);
    }

    [Theory]
    [InlineData("""{"v":2,"id":"gate","attempt":1,"work":{"type":"gate"}}""", "version 2")]
    [InlineData("""{"v":1,"id":"gate","attempt":1,"work":{"type":"bake"}}""", "\"bake\" is unknown")]
    [InlineData("""{"v":1,"attempt":1}""", "Not a command")]
    [InlineData("nonsense", "Not a command")]
    public void What_is_no_command_is_refused_with_a_sentence(string text, string says) => Assert.Contains(says, Assert.Throws<FormatException>(() => CommandCodec.Read(text)).Message);

    private static (State State, Command[] Commands) Decided(State state, Event happened) => FineTuningDecider.Decide(state, happened) is var (next, commands) ? (next, commands) : default;

    private static State Carried(State state) => JsonSerializer.Deserialize<RunSnapshot>(JsonSerializer.Serialize(RunSnapshot.Of(state)))!.Expand();

    private static int Size(object message) => Encoding.UTF8.GetByteCount(JsonSerializer.Serialize(message));
}
