// What the reference implementations make of the same files: ids and texts by @huggingface/tokenizers, conversations by @huggingface/jinja.
// Reads { templates: [{ template, context }], encode: [{ folder, files, texts }] } from standard input, writes answers in the same order.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRequire } from "node:module";

const require = createRequire(join(process.cwd(), "package.json"));
const request = JSON.parse(readFileSync(0, "utf8"));
const answer = {};
if (request.templates) {
  const { Template } = require("@huggingface/jinja");
  answer.templates = request.templates.map(({ template, contexts }) => {
    const parsed = new Template(template);
    return contexts.map((context) => {
      try {
        return { text: parsed.render(context) };
      } catch (e) {
        return { error: String(e.message) };
      }
    });
  });
}
if (request.encode) {
  const { Tokenizer } = require("@huggingface/tokenizers");
  answer.encode = request.encode.map(({ folder, texts }) => {
    const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
    const tokenizer = new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
    return texts.map((text) => {
      const ids = tokenizer.encode(text, { add_special_tokens: false }).ids;
      return {
        ids,
        special: tokenizer.encode(text).ids,
        text: ids.length ? tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }) : "",
      };
    });
  });
}
process.stdout.write(JSON.stringify(answer));
