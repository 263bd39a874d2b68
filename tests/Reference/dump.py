# Makes the reference dumps of Dumps/ (kept there without the Fisher entries and most per-example gradients) with Hugging Face
# transformers and peft, in float32 with eager attention: `python dump.py FOLDER`. Kept were made with transformers 5.17.0, peft 0.21,
# torch 2.11.0. A dump holds what `alignguard model verify` compares: logits, losses, gradients of the LoRA factors and of single
# examples, greedy tokens, both paddings, and for some a DoRA adapter.
import json, os, sys, shutil, copy, traceback
import torch, transformers, peft
from safetensors.torch import save_file
torch.set_num_threads(4)
from transformers import (LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, Gemma2Config, Gemma2ForCausalLM, GemmaConfig, GemmaForCausalLM,
    MistralConfig, MistralForCausalLM, MixtralConfig, MixtralForCausalLM, T5Config, T5ForConditionalGeneration, MT5Config, MT5ForConditionalGeneration, GPT2Config, GPT2LMHeadModel)
from peft import LoraConfig, get_peft_model
OUT = sys.argv[1]
common = dict(vocab_size=128, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)
def rope(**k): return dict(rope_parameters=dict(rope_theta=10000.0, **k))
LIN = ["q_proj","k_proj","v_proj","o_proj","gate_proj","up_proj","down_proj"]
cases = {
 "qwen3": (Qwen3ForCausalLM, lambda: Qwen3Config(**common, head_dim=12, tie_word_embeddings=False), LIN),
 "qwen3_tied_window": (Qwen3ForCausalLM, lambda: Qwen3Config(**common, head_dim=8, tie_word_embeddings=True, use_sliding_window=True, sliding_window=4, max_window_layers=1), LIN),
 "qwen2_window": (Qwen2ForCausalLM, lambda: Qwen2Config(**common, tie_word_embeddings=True, use_sliding_window=True, sliding_window=5, max_window_layers=1), LIN),
 "gemma2": (Gemma2ForCausalLM, lambda: Gemma2Config(**common, head_dim=12, query_pre_attn_scalar=20, sliding_window=4, attn_logit_softcapping=2.0, final_logit_softcapping=3.0), LIN),
 "gemma2_nocap": (Gemma2ForCausalLM, lambda: Gemma2Config(**common, head_dim=8, query_pre_attn_scalar=8, sliding_window=6, attn_logit_softcapping=None, final_logit_softcapping=None), LIN),
 "gemma": (GemmaForCausalLM, lambda: GemmaConfig(**common, head_dim=12), LIN),
 "mistral_nowindow": (MistralForCausalLM, lambda: MistralConfig(**common, head_dim=12, sliding_window=None), LIN),
 "mistral_window": (MistralForCausalLM, lambda: MistralConfig(**common, sliding_window=5), LIN),
 "llama_linear": (LlamaForCausalLM, lambda: LlamaConfig(**common, **rope(rope_type="linear", factor=4.0)), LIN),
 "llama_dynamic": (LlamaForCausalLM, lambda: LlamaConfig(**{**common, "max_position_embeddings": 8}, **rope(rope_type="dynamic", factor=2.0)), LIN),
 "llama_yarn": (LlamaForCausalLM, lambda: LlamaConfig(**common, **rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=16)), LIN),
 "llama_yarn_opts": (LlamaForCausalLM, lambda: LlamaConfig(**common, **rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=16.0, beta_slow=2.0, attention_factor=1.3, truncate=False)), LIN),
 "llama_yarn_mscale": (LlamaForCausalLM, lambda: LlamaConfig(**common, **rope(rope_type="yarn", factor=8.0, original_max_position_embeddings=8, mscale=0.7, mscale_all_dim=1.1)), LIN),
 "llama_bias": (LlamaForCausalLM, lambda: LlamaConfig(**common, attention_bias=True, mlp_bias=True, tie_word_embeddings=True), LIN),
 "mixtral": (MixtralForCausalLM, lambda: MixtralConfig(**common, num_local_experts=4, num_experts_per_tok=2, sliding_window=None), ["q_proj","k_proj","v_proj","o_proj"]),
 "gpt2": (GPT2LMHeadModel, lambda: GPT2Config(vocab_size=128, n_positions=64, n_embd=32, n_layer=3, n_head=4, pad_token_id=0, bos_token_id=1, eos_token_id=2, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, scale_attn_by_inverse_layer_idx=True), ["c_attn","c_proj","c_fc"]),
 "t5_v11": (T5ForConditionalGeneration, lambda: T5Config(vocab_size=128, d_model=32, d_kv=12, d_ff=48, num_layers=2, num_decoder_layers=3, num_heads=4, feed_forward_proj="gated-gelu", tie_word_embeddings=False, dropout_rate=0.0, decoder_start_token_id=0, relative_attention_max_distance=20), ["q","k","v","o","wi_0","wi_1","wo"]),
 "t5_v10": (T5ForConditionalGeneration, lambda: T5Config(vocab_size=128, d_model=32, d_kv=8, d_ff=48, num_layers=3, num_heads=4, dropout_rate=0.0, decoder_start_token_id=0), ["q","k","v","o","wi","wo"]),
 "mt5": (MT5ForConditionalGeneration, lambda: MT5Config(vocab_size=128, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, dropout_rate=0.0, decoder_start_token_id=0), ["q","k","v","o","wi_0","wi_1","wo"]),
}
seed = 2200
def tensor(x): return x.detach().contiguous().clone().float() if x.is_floating_point() else x.detach().contiguous().clone()
def greedy(model, ids, mask, seq2seq, n=12):
    if seq2seq:
        out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=n, min_new_tokens=n, do_sample=False, num_beams=1, return_dict_in_generate=True, output_scores=True, eos_token_id=None)
    else:
        out = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=n, min_new_tokens=n, do_sample=False, num_beams=1, return_dict_in_generate=True, output_scores=True, eos_token_id=None)
    top = torch.stack([s.topk(2).values for s in out.scores], 1)
    return out.sequences, (top[..., 0] - top[..., 1])
def one(name, cls, config, targets, seed):
    folder = os.path.join(OUT, name); os.makedirs(folder, exist_ok=True)
    torch.manual_seed(seed)
    cfg = config(); cfg._attn_implementation = "eager"
    model = cls(cfg).float().eval()
    seq2seq = getattr(cfg, "is_encoder_decoder", False)
    with torch.no_grad():
        for n, p in model.named_parameters():
            if p.dim() > 1: p.normal_(0, 0.15 if not seq2seq else 0.2)
            elif "norm" in n or "ln_" in n: p.add_(torch.randn_like(p) * 0.2)
            else: p.normal_(0, 0.1)
        model.tie_weights()
    model.save_pretrained(folder)
    diff = cfg.to_diff_dict(); diff.pop("_attn_implementation", None)
    json.dump(diff, open(os.path.join(folder, "config_diff.json"), "w"), indent=1, default=str)
    e = {}
    g = torch.Generator().manual_seed(seed + 1)
    ids = torch.randint(3, 128, (2, 16), generator=g); mask = torch.ones(2, 16, dtype=torch.long); ids[1, 12:] = 0; mask[1, 12:] = 0
    if seq2seq:
        labels = torch.randint(3, 128, (2, 10), generator=g); labels[1, 7:] = -100
    else:
        labels = ids.clone(); labels[mask == 0] = -100; labels[0, :3] = -100
    e.update(input_ids=ids, attention_mask=mask, labels=labels)
    with torch.no_grad(): o = model(input_ids=ids, attention_mask=mask, labels=labels)
    e["base.logits"], e["base.loss"] = o.logits, o.loss
    gi = torch.randint(3, 128, (2, 8), generator=g); gm = torch.ones(2, 8, dtype=torch.long)
    if seq2seq: gi[1, 5:] = 0; gm[1, 5:] = 0
    else: gi[1, :3] = 0; gm[1, :3] = 0
    e["gen.input_ids"], e["gen.attention_mask"] = gi, gm
    e["gen.base"], e["gen.base.margin"] = greedy(model, gi, gm, seq2seq)
    if not seq2seq:
        li = torch.zeros_like(ids); lm = torch.zeros_like(mask)
        for r in range(2): li[r, 5:] = ids[r, :11]; lm[r, 5:] = 1
        pos = (lm.cumsum(-1) - 1).clamp(min=0)
        with torch.no_grad():
            e["left.logits_mask_pos"] = model(input_ids=li, attention_mask=lm, position_ids=pos).logits
            e["left.logits_default_pos"] = model(input_ids=li, attention_mask=lm, position_ids=torch.arange(16).expand(2, -1)).logits
        e["left.input_ids"], e["left.attention_mask"], e["left.position_ids"] = li, lm, pos
    wanted = {n: p for n, p in model.named_parameters() if n.endswith(".weight") and any(n.split(".")[-2] == t for t in targets) and p.dim() == 2}
    for p in model.parameters(): p.requires_grad_(False)
    for p in wanted.values(): p.requires_grad_(True)
    losses, grads = [], {n: [] for n in wanted}
    for r in range(2):
        model.zero_grad()
        l = model(input_ids=ids[r:r+1], attention_mask=mask[r:r+1], labels=labels[r:r+1]).loss
        l.backward(); losses.append(l.detach())
        for n, p in wanted.items(): grads[n].append(p.grad.clone() if p.grad is not None else torch.zeros_like(p))
    e["persample.loss"] = torch.stack(losses)
    for n, gs in grads.items(): e["persample.grad." + n] = torch.stack(gs)
    first = next(iter(wanted)); G = torch.stack(grads[first])
    e[f"fisher.{first}.GGt"] = (G @ G.transpose(1, 2)).mean(0); e[f"fisher.{first}.GtG"] = (G.transpose(1, 2) @ G).mean(0); e[f"fisher.{first}.diag"] = (G * G).mean(0)
    flat = G.flatten(1); e[f"fisher.{first}.gram"] = flat @ flat.T; e[f"fisher.{first}.vec_eigvals"] = torch.linalg.eigvalsh(flat @ flat.T / 2).flip(0)
    model.zero_grad()
    torch.manual_seed(seed + 2)
    lc = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets, task_type="SEQ_2_SEQ_LM" if seq2seq else "CAUSAL_LM", fan_in_fan_out=name == "gpt2")
    plain = copy.deepcopy(model)
    pm = get_peft_model(model, lc).eval()
    with torch.no_grad():
        for n, p in pm.named_parameters():
            if "lora_" in n: p.normal_(0, 0.1)
    pm.save_pretrained(os.path.join(folder, "adapter"))
    o = pm(input_ids=ids, attention_mask=mask, labels=labels); o.loss.backward()
    e["lora.logits"], e["lora.loss"] = o.logits, o.loss
    for n, p in pm.named_parameters():
        if "lora_" in n: e["lora.grad." + n.replace(".default", "")] = p.grad
    e["gen.lora"], e["gen.lora.margin"] = greedy(pm, gi, gm, seq2seq)
    if name in ("qwen3", "t5_v11", "llama_bias"):
        torch.manual_seed(seed + 3)
        dc = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets, use_dora=True, task_type=lc.task_type)
        dm = get_peft_model(plain, dc).eval()
        with torch.no_grad():
            for n, p in dm.named_parameters():
                if "lora_A" in n or "lora_B" in n: p.normal_(0, 0.1)
                if "magnitude" in n: p.mul_(1 + 0.2 * torch.rand_like(p))
        dm.save_pretrained(os.path.join(folder, "adapter_dora"))
        o = dm(input_ids=ids, attention_mask=mask, labels=labels); o.loss.backward()
        d = {"dora.logits": o.logits, "dora.loss": o.loss}
        for n, p in dm.named_parameters():
            if "lora_" in n: d["dora.grad." + n.replace(".default", "")] = p.grad
        save_file({k: tensor(v) for k, v in d.items()}, os.path.join(folder, "expected_dora.safetensors"))
    save_file({k: tensor(v) for k, v in e.items()}, os.path.join(folder, "expected.safetensors"), metadata={"transformers": transformers.__version__, "peft": peft.__version__, "torch": torch.__version__, "attn": "eager", "seed": str(seed)})
    print(name, "loss", float(e["base.loss"]), "margin", float(e["gen.base.margin"].min()), float(e["gen.lora.margin"].min()), flush=True)
for i, (name, (cls, config, targets)) in enumerate(cases.items()):
    try: one(name, cls, config, targets, seed + 10 * i)
    except Exception: print(name, "FAILED"); traceback.print_exc()
