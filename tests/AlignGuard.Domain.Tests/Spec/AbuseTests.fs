/// Files that are made to hurt, or were never job files: each gives problems, none an exception or a long wait.
module AlignGuard.Domain.Tests.Spec.AbuseTests

open System
open System.Text
open FsCheck.Xunit
open Xunit
open AlignGuard.Domain.Spec
open AlignGuard.Domain.Tests

let private repeated (n: int) (text: string) = String.replicate n text

let private bomb =
    "a: &a [x, x, x, x, x, x, x, x]\n"
    + String.Join("", [ for i in 1..9 -> let c = char (int 'a' + i) in $"{c}: &{c} [" + String.Join(", ", List.replicate 8 $"*{char (int c - 1)}") + "]\n" ])

let hostile: objnull[] seq =
    [ "empty", "", "empty"
      "blank", "   \n\n", "empty"
      "comment", "# nothing\n", "empty"
      "scalar", "hello", "group of keys"
      "list", "- a\n- b\n", "group of keys"
      "two documents", JobSpecs.minimal + "---\nname: x\n", "second document"
      "tab indentation", "data:\n\ttrain: x\n", "not valid YAML"
      "open quote", "name: \"abc\n", "not valid YAML"
      "open brace", "{ name: x", "not valid YAML"
      "an unclosed brace before keys", JobSpecs.minimal.Insert(6, "{"), "not valid YAML"
      "an unclosed bracket before keys", JobSpecs.minimal.Insert(6, "["), "not valid YAML"
      "a comment in a flow group", "data: {# train: x }\n", "not valid YAML"
      "bad indentation", "name: x\n  model: y\n", "not valid YAML"
      "anchor", JobSpecs.minimal + "fisher: &f { samples: 64 }\n", "anchor"
      "alias", "a: &x 1\nb: *x\n", "alias"
      "tag", JobSpecs.minimal + "fisher: { samples: !!int 64 }\n", "tag"
      "object tag", "!System.Diagnostics.Process { StartInfo: x }\n", "tag"
      "merge key", JobSpecs.minimal + "<<: { a: 1 }\n", "unknown key"
      "complex key", JobSpecs.minimal + "? [a, b]\n: c\n", "a key must be a name"
      "billion laughs", bomb, "alias"
      "NUL hides the rest", JobSpecs.minimal + "\u0000method: lora\n", "control character U+0000"
      "escape character", "name: \u001b[31m\n", "control character U+001B"
      "lone surrogate", "{\"name\": \"\\ud800\"}", "not valid YAML"
      "deep lists", repeated 200_000 "[", "nested deeper"
      "deep groups", repeated 200_000 "{", "nested deeper"
      "deep dashes", repeated 200_000 "- ", "nested deeper"
      "deep questions", repeated 200_000 "? ", "nested deeper"
      "many keys", "{" + String.Join(",", [ for i in 1..50_000 -> $"k{i}: 1" ]) + "}", "more than 5000 values"
      "too large", repeated (1 + JobFile.MaxBytes) "#", "larger than 1 MiB"
      "one long word", repeated 1_000_000 "a", "group of keys"
      "one long key", repeated 1_000_000 "k" + ": 1\n", "" ]
    |> Seq.map (fun (name, text, message) -> [| box name; box text; box message |])

[<Theory>]
[<MemberData(nameof hostile)>]
let ``a hostile file is a problem and not a crash`` (name: string, text: string, message: string) =
    let clock = Diagnostics.Stopwatch.StartNew()
    let parsed = JobFile.Parse(text, name, [])
    Assert.False parsed.IsValid
    Assert.Contains(parsed.Problems, fun p -> p.Message.Contains(message, StringComparison.Ordinal))
    Assert.All(parsed.Problems, fun p -> Assert.True(p.Line >= 1 && p.Column >= 1, p.ToString()))
    Assert.True(clock.Elapsed < TimeSpan.FromSeconds 10.0, $"took {clock.Elapsed}")

[<Fact>]
let ``bytes that are no UTF-8 are named`` () =
    let parsed = JobFile.ParseUtf8([| byte 'a'; 0xFFuy |], "job.yaml", [])
    Assert.Contains("byte 1", (Assert.Single parsed.Problems).Message)

[<Fact>]
let ``a byte order mark is passed over`` () =
    let bytes = Array.append [| 0xEFuy; 0xBBuy; 0xBFuy |] (Encoding.UTF8.GetBytes JobSpecs.minimal)
    Assert.Equal(Some JobSpecs.minimalSpec, JobFile.ParseUtf8(bytes, "job.yaml", []).Spec)

[<Fact>]
let ``too many bytes are refused unread`` () =
    Assert.Contains("1 MiB", (Assert.Single (JobFile.ParseUtf8(Array.zeroCreate 2_000_000, "job.yaml", [])).Problems).Message)

[<Property>]
let ``no text makes the parser throw`` (text: string | null) =
    let parsed = JobFile.Parse(orEmpty text, "x", [])
    parsed.IsValid = (parsed.Problems.Length = 0)

[<Fact>]
let ``a job damaged at any place by any ASCII character is a job or a list of problems`` () =
    for position in 0 .. JobSpecs.minimal.Length do
        for character in 0..127 do
            let parsed = JobFile.Parse(JobSpecs.minimal.Insert(position, string (char character)), "x", [])
            Assert.Equal(parsed.IsValid, (parsed.Problems.Length = 0))
            Assert.All(parsed.Problems, fun p -> Assert.True(p.Line >= 1 && p.Column >= 1, p.ToString()))

[<Property>]
let ``a damaged job is a job or a list of problems`` (position: uint16, insertion: char) =
    let i = int position % (JobSpecs.minimal.Length + 1)
    let parsed = JobFile.Parse(JobSpecs.minimal.Insert(i, string insertion), "x", [])
    parsed.IsValid = (parsed.Problems.Length = 0)

[<Property>]
let ``no override makes the parser throw`` (text: string | null) =
    let parsed = JobFile.Parse(JobSpecs.minimal, "x", [ orEmpty text ])
    parsed.IsValid = (parsed.Problems.Length = 0)
