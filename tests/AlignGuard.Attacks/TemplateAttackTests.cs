using System.Diagnostics;
using System.Text;
using AlignGuard.Models;
using AlignGuard.Models.Chat;
using AlignGuard.Models.Tokenizers;
using Xunit;

namespace AlignGuard.Attacks;

/// <summary>A chat template is a program that came with a download.</summary>
public class TemplateAttackTests
{
    private static readonly string Deep = string.Concat(Enumerable.Repeat("(", 100_000));

    public static TheoryData<string, string> Attacks => new()
    {
        { "{% for a in range(1000000000) %}{% endfor %}", "makes too much text" },
        { "{% for a in range(3000) %}{% for b in range(3000) %}{% endfor %}{% endfor %}", "makes too much text" },
        { "{% for a in range(20000) %}{% if a >= 0" + string.Concat(Enumerable.Repeat(" and a >= 0", 50)) + " %}{% endif %}{% endfor %}", "takes too many steps" },
        { "{% for a in range(-9223372036854775807, 9223372036854775807) %}{% endfor %}", "makes too much text" },
        { "{% set ns = namespace(x='ha') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}", "makes too much text" },
        { "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "makes too much text" },
        { "{{ 'a' * 9223372036854775807 }}", "makes too much text" },
        { "{{ 'abc'.replace('a', 'b' * 1000000).replace('b', 'c' * 1000000) }}", "makes too much text" },
        { "{% for i in range(100000) %}{{ 'some text of this length, again and again' }}{% endfor %}", "far more text" },
        { "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}", "recurses more than" },
        { "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(0) }}", "recurses more than" },
        { "{% set ns = namespace(x=[]) %}{% for i in range(9) %}{{ ns.x.append(ns.x) }}{% endfor %}{{ ns.x == ns.x }}{{ ns.x|tojson }}", "levels deep" },
        { "{{ " + Deep + " }}", "nested too deep" },
        { "{{ " + Deep.Replace('(', '[') + " }}", "nested too deep" },
        { "{{ " + Deep.Replace('(', '-') + "1 }}", "nested too deep" },
        { string.Concat(Enumerable.Repeat("{% if 1 %}", 50_000)), "nested too deep" },
        { "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 100_000)) + " }}", "levels deep" },
        { "{{ 9223372036854775807 + 1 }}", "beyond 64 bits" },
        { "{{ 9 ** 99999999 }}{{ -9223372036854775807 - 1 // -1 }}{{ 1 // 0 }}", "division by zero" },
        { "{{ 99999999999999999999 }}", "is too large" },
        { "{{ messages.__class__.__mro__ }}", "is undefined" },
        { "{{ messages[0].content.format() }}", "is not known" },
        { "{% raw %}", "the block 'raw' is not supported" },
        { "{{ 'a", "is not closed" },
        { "{{", "is not closed" },
        { "{% ", "is not closed" },
        { "{#", "is not closed" },
        { "{{ '\\u12' }}", "hexadecimal digits" },
        { "{{ \u0000 }}", "is not of the template language" },
        { "{{ messages|tojson(indent=100000000) }}", "indent must be 0 to 16" },
        { "{{ [3, 'a']|sort }}", "have no order" },
        { "{{ messages[::0] }}", "step can not be zero" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void AnAttackEndsInAFaultWithFileAndLine(string template, string expected)
    {
        using var file = new AttackFile();
        TokenizerAttackTests.Write(file, template: template);
        var tokenizer = HfTokenizer.Load(file.Folder);
        var (watch, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
        var fault = Assert.Throws<ModelFormatException>(() => ChatFormat.For(tokenizer));
        Assert.Contains(expected, fault.Message);
        Assert.StartsWith(Path.Combine(file.Folder, "tokenizer_config.json") + ": chat_template: line ", fault.Message);
        Assert.True(watch.Elapsed.TotalSeconds < 10, $"{watch.Elapsed}");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1L << 30, $"{GC.GetAllocatedBytesForCurrentThread() - before:N0} bytes");
    }

    [Fact]
    public void ATemplateFileThatIsNoTextIsRefusedWithItsPlace()
    {
        using var file = new AttackFile();
        TokenizerAttackTests.Write(file);
        File.WriteAllBytes(Path.Combine(file.Folder, "chat_template.jinja"), [.. "{{ messages"u8, 0xFF, .. " }}"u8]);
        Assert.Contains("chat_template.jinja: not UTF-8 text at byte 12", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
    }

    [Fact]
    public void AGiantTemplateFileIsNotRead()
    {
        using var file = new AttackFile();
        TokenizerAttackTests.Write(file);
        using (var sparse = File.Create(Path.Combine(file.Folder, "chat_template.jinja"))) sparse.SetLength(1L << 40);
        Assert.Contains("chat_template.jinja has", Assert.Throws<ModelFormatException>(() => HfTokenizer.Load(file.Folder)).Message);
    }

    [Fact]
    public void AConversationOfAMegabyteIsNoAttack()
    {
        using var file = new AttackFile();
        TokenizerAttackTests.Write(file);
        var format = ChatFormat.For(HfTokenizer.Load(file.Folder));
        var text = string.Concat(Enumerable.Repeat("the cat sat. ", 80_000));
        Assert.True(format.Encode([ChatMessage.User(text), ChatMessage.Assistant(text)]).Ids.Length > 100_000);
        Assert.NotEmpty(format.EncodePrompt([.. Enumerable.Range(0, 2000).Select(i => i % 2 == 0 ? ChatMessage.User("a cat") : ChatMessage.Assistant("a hat")), ChatMessage.User("?")]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(20260725)]
    public void ADamagedTemplateWorksOrIsRefused(int seed)
    {
        const string Valid = "{%- set ns = namespace(found=false, n=0) -%}{% macro head(role, end='\\n') %}<|im_start|>{{ role }}{{ end }}{% endmacro %}"
            + "{% if messages[0]['role'] == 'system' %}{% set first = messages[0].content | trim %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"
            + "{% for m in rest if m.content is defined %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate ' ~ loop.index) }}{% endif %}{{ head(m.role) }}"
            + "{%- if m.role == 'assistant' %}{% generation %}{{ m.content.strip() }}<|im_end|>{% endgeneration %}{% else %}{{ m.content | replace('a', 'b') + '<|im_end|>' }}{% endif %}{% set ns.n = ns.n + 1 %}{% endfor %}"
            + "{{ messages | map(attribute='role') | join(', ') | upper if ns.found else '' }}{% if add_generation_prompt %}{{ head('assistant') }}{% endif %}";
        var random = new Random(seed);
        using var file = new AttackFile();
        TokenizerAttackTests.Write(file);
        var path = Path.Combine(file.Folder, "chat_template.jinja");
        var valid = Encoding.UTF8.GetBytes(Valid);
        var (worked, refused) = (0, 0);
        File.WriteAllBytes(path, valid);
        var tokenizer = HfTokenizer.Load(file.Folder);
        ChatFormat.For(tokenizer).Encode("the", "cat");
        for (var round = 0; round < 1500; round++)
        {
            File.WriteAllBytes(path, Mutation.Of(valid, valid.Length, random));
            try
            {
                var format = ChatFormat.For(HfTokenizer.Load(file.Folder));
                format.Encode("the cat", "a hat", "sat");
                format.EncodePrompt("the");
                worked++;
            }
            catch (UserFaultException)
            {
                refused++;
            }
        }
        Assert.True(worked > 50 && refused > 200, $"{worked} worked, {refused} refused: the mutations miss their aim");
    }
}
