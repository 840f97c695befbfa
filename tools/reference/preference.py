#!/usr/bin/env python3
"""Makes tests/golden/preference.safetensors: what TRL's losses of preferences give.

    tools/reference/preference.py [tests/golden]      (made with torch 2.15.0, transformers 5.24.0, trl 1.16.0, peft 0.21.2)

The policy is the tiny Llama that language.py made, in f32; the reference is the same with noise on its weights. PAIRS pairs of answers of uneven lengths to
prompts of uneven lengths. Kept: tokens, where the answers begin, the log-probabilities of the answers under both, and for each loss (β = BETA) its value and
the norm of the gradient of every weight; of "sigmoid" and "ipo" also the gradients themselves, of those weights whose names are KEPT.
The same of KTO with the six answers as rows of their own, the chosen ones liked, the others not.
Also an adapter by PEFT on the policy (adapter/), with the logits of it: names, scaling and files are PEFT's.
"""
import os
import pathlib
import shutil
import sys
import tempfile

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", WANDB_DISABLED="true")
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer

BETA, SMOOTHING, PAIRS = 0.1, 0.1, 3
LOSSES = ["sigmoid", "hinge", "ipo", "robust", "apo_zero", "sigmoid_norm"]
KTO_SEED = 9  # of a reference that is behind the policy: with a divergence of 0 the loss would be the simpler one
KEPT = ("model.embed_tokens.weight", "model.layers.1.self_attn.q_proj.weight", "model.layers.0.mlp.down_proj.weight", "model.norm.weight", "lm_head.weight")


def policy(folder, noise=0.0, seed=7):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(noise * torch.randn(p.shape, generator=generator))
    return model.eval()


def batch():
    generator = torch.Generator().manual_seed(9)
    rows = []
    for i in range(PAIRS):
        prompt = torch.randint(3, 96, (4 + 3 * i,), generator=generator)
        rows.append([(prompt, torch.randint(3, 96, (5 + 4 * ((i + side) % 3),), generator=generator)) for side in (0, 1)])
    flat = [pair[0] for pair in rows] + [pair[1] for pair in rows]  # all chosen, then all rejected
    length = max(len(p) + len(a) for p, a in flat)
    ids, attention, completion = (torch.zeros(2 * PAIRS, length, dtype=torch.long) for _ in range(3))
    for r, (prompt, answer) in enumerate(flat):
        n = len(prompt) + len(answer)
        ids[r, :n] = torch.cat([prompt, answer])
        attention[r, :n] = 1
        completion[r, len(prompt):n] = 1
    return {"input_ids": ids, "attention_mask": attention, "completion_mask": completion}


def answers(model, inputs):
    with torch.no_grad():
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits[:, :-1].log_softmax(-1)
    each = logits.gather(-1, inputs["input_ids"][:, 1:, None])[..., 0]
    return (each * inputs["completion_mask"][:, 1:]).sum(1)


def judged(inputs):
    """The rows of KTO, and those whose answers are of the row before."""
    lengths, begins = inputs["attention_mask"].sum(1), (inputs["attention_mask"] - inputs["completion_mask"]).sum(1)
    rows = [(inputs["input_ids"][r, :begins[r]], inputs["input_ids"][r, begins[r]:lengths[r]]) for r in range(2 * PAIRS)]
    out = dict(inputs) | {"label": torch.tensor([True] * PAIRS + [False] * PAIRS)}
    length = max(len(p) for p, _ in rows) + max(len(a) for _, a in rows)
    for key in ("input_ids", "attention_mask", "completion_mask"):
        out["KL_" + key] = torch.zeros(2 * PAIRS, length, dtype=torch.long)
    for r, (prompt, _) in enumerate(rows):
        answer = rows[r - 1][1]
        n = len(prompt) + len(answer)
        out["KL_input_ids"][r, :n] = torch.cat([prompt, answer])
        out["KL_attention_mask"][r, :n] = 1
        out["KL_completion_mask"][r, len(prompt):n] = 1
    return out


def main(golden):
    folder = golden / "language" / "llama"
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({f"t{i}": i for i in range(96)}, unk_token="t0")), pad_token="t0", eos_token="t2")
    inputs = batch()
    made = {"ids": inputs["input_ids"].to(torch.int32), "lengths": inputs["attention_mask"].sum(1).to(torch.int32),
            "answers": (inputs["attention_mask"] - inputs["completion_mask"]).sum(1).to(torch.int32)}
    made["log_probabilities"] = answers(policy(folder), inputs)
    made["reference"] = answers(policy(folder, 0.02), inputs)
    dummy = Dataset.from_list([{"prompt": "t3", "chosen": "t4", "rejected": "t5"}])
    with tempfile.TemporaryDirectory() as scratch:
        for name in LOSSES:
            config = DPOConfig(output_dir=scratch, loss_type=[name], beta=BETA, label_smoothing=SMOOTHING if name == "robust" else 0.0, use_cpu=True, bf16=False,
                               gradient_checkpointing=False, report_to=[], disable_tqdm=True)
            trainer = DPOTrainer(model=policy(folder), ref_model=policy(folder, 0.02), args=config, train_dataset=dummy, processing_class=tokenizer)
            trainer.model.eval()
            loss = trainer.compute_loss(trainer.model, dict(inputs))
            loss.backward()
            grads = {n: p.grad for n, p in trainer.model.named_parameters()}
            made[f"{name}.loss"] = loss.detach().reshape(1)
            made[f"{name}.norms"] = torch.stack([grads[n].norm() for n in sorted(grads)])
            for n in KEPT:
                if name in ("sigmoid", "ipo"):
                    made[f"{name}.grad.{n}"] = grads[n].contiguous().clone()
            print(name, float(loss), float(made[f"{name}.norms"].norm()))
        config = KTOConfig(output_dir=scratch, loss_type="kto", beta=BETA, use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[], disable_tqdm=True,
                           per_device_train_batch_size=2)
        rows = Dataset.from_list([{"prompt": "t3", "completion": "t4", "label": True}, {"prompt": "t6", "completion": "t5", "label": False}])
        trainer = KTOTrainer(model=policy(folder), ref_model=policy(folder, 0.02, KTO_SEED), args=config, train_dataset=rows, processing_class=tokenizer)
        trainer.model.eval()
        rows = judged(inputs)
        others = {k.removeprefix("KL_"): v for k, v in rows.items() if k.startswith("KL_")}
        made["kto.reference"], made["kto.others"] = answers(policy(folder, 0.02, KTO_SEED), inputs), answers(policy(folder, 0.02, KTO_SEED), others)
        divergence = float((answers(policy(folder), others) - made["kto.others"]).mean())
        assert divergence > 0, divergence
        made["kto.divergence"] = torch.tensor([divergence])
        loss = trainer.compute_loss(trainer.model, rows)
        loss.backward()
        grads = {n: p.grad for n, p in trainer.model.named_parameters()}
        made["kto.loss"] = loss.detach().reshape(1)
        made["kto.norms"] = torch.stack([grads[n].norm() for n in sorted(grads)])
        print("kto", float(loss), float(made["kto.norms"].norm()))
        torch.manual_seed(3)
        adapted = get_peft_model(policy(folder), LoraConfig(r=3, lora_alpha=12, target_modules=["q_proj", "k_proj", "down_proj"], task_type="CAUSAL_LM", init_lora_weights=False))
        adapted.eval()
        with torch.no_grad():
            made["adapter.logits"] = adapted(input_ids=inputs["input_ids"][:1]).logits[0].contiguous()
        adapted.save_pretrained(scratch)
        (golden / "adapter").mkdir(exist_ok=True)
        for file in ("adapter_config.json", "adapter_model.safetensors"):
            shutil.copyfile(pathlib.Path(scratch) / file, golden / "adapter" / file)
    save_file({k: v.contiguous() for k, v in made.items()}, golden / "preference.safetensors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden"))
