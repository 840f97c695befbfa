#!/usr/bin/env python3
"""Makes tests/golden/policy.safetensors: what TRL's losses of sampled answers and of rewards give.

    tools/reference/policy.py [tests/golden]      (made with torch 2.15.0, transformers 5.24.0, trl 1.16.0)

The policy is the tiny Llama that language.py made, in f32; the one that sampled and the reference are the same with noise on their weights, so that ratios are
not one: on what it sampled itself, a policy's loss is 0 by construction. Kept: tokens, where the answers begin, advantages, the log-probabilities of every
token of the answers under the three, and for each loss its value and the norm of the gradient of every weight, of "dapo" the gradients of KEPT too.
PPO is no part of TRL from 1.13 on: its two losses and its advantages are written here as TRL 1.12 has them (trl.experimental.ppo).
Of the reward model (LlamaForSequenceClassification): its last layer, the rewards of six answers and the loss with its centring.
"""
import os
import pathlib
import sys
import tempfile

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", WANDB_DISABLED="true")
import torch
from datasets import Dataset
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer, RewardConfig, RewardTrainer, RLOOConfig, RLOOTrainer

ANSWERS, MOST, BETA, CENTRE = 6, 12, 0.04, 0.01
KEPT = ("model.embed_tokens.weight", "model.layers.1.self_attn.q_proj.weight", "lm_head.weight")


def policy(folder, noise=0.0, seed=7, kind=AutoModelForCausalLM, **more):
    torch.manual_seed(5)
    model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", **more)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(noise * torch.randn(p.shape, generator=generator))
    return model.eval()


def batch():
    """Prompts padded at the left, answers at the right, as TRL lays them."""
    generator = torch.Generator().manual_seed(11)
    prompts = [torch.randint(3, 96, (3 + 2 * (i // 2),), generator=generator) for i in range(ANSWERS)]
    answers = [torch.randint(3, 96, (4 + (5 * i) % (MOST - 3),), generator=generator) for i in range(ANSWERS)]
    left, right = max(map(len, prompts)), max(map(len, answers))
    out = {"prompt_ids": torch.zeros(ANSWERS, left, dtype=torch.long), "completion_ids": torch.zeros(ANSWERS, right, dtype=torch.long)}
    out |= {"prompt_mask": torch.zeros_like(out["prompt_ids"]), "completion_mask": torch.zeros_like(out["completion_ids"])}
    for r, (prompt, answer) in enumerate(zip(prompts, answers)):
        out["prompt_ids"][r, left - len(prompt):], out["prompt_mask"][r, left - len(prompt):] = prompt, 1
        out["completion_ids"][r, :len(answer)], out["completion_mask"][r, :len(answer)] = answer, 1
    return out, prompts, answers


def each_token(model, prompts, answers, width):
    out = torch.zeros(ANSWERS, width)
    with torch.no_grad():
        for r, (prompt, answer) in enumerate(zip(prompts, answers)):
            ids = torch.cat([prompt, answer])[None]
            found = model(input_ids=ids).logits[0, len(prompt) - 1:-1].log_softmax(-1).gather(-1, answer[:, None])[:, 0]
            out[r, :len(answer)] = found
    return out


def keep(made, name, model, loss, whole=False):
    loss.backward()
    grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    made[f"{name}.loss"] = loss.detach().reshape(1)
    made[f"{name}.norms"] = torch.stack([grads[n].norm() for n in sorted(grads)])
    if whole:
        made.update({f"{name}.grad.{n}": grads[n].contiguous().clone() for n in KEPT})
    print(name, float(loss), float(made[f"{name}.norms"].norm()))


def with_gradients(model, inputs):
    ids, mask = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1), torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    logits = model(input_ids=ids, attention_mask=mask, position_ids=places).logits[:, inputs["prompt_ids"].size(1) - 1:-1]
    return logits.log_softmax(-1).gather(-1, inputs["completion_ids"][..., None])[..., 0]


def ppo(made, folder, inputs, old, reference):
    """As TRL 1.12: rewards a token are −kl·(log π − log π_ref), the score at the last; advantages of γ, λ, whitened; both losses clipped."""
    mask = inputs["completion_mask"].float()
    generator = torch.Generator().manual_seed(21)
    scores, values = torch.randn(ANSWERS, generator=generator), torch.randn(old.shape, generator=generator) * mask
    gamma, lam, kl, clip, clip_value, factor = 1.0, 0.95, 0.05, 0.2, 0.2, 0.1
    rewards = -kl * (old - reference) * mask
    last = mask.sum(1).long() - 1
    rewards[torch.arange(ANSWERS), last] += scores
    advantages, running = torch.zeros_like(rewards), torch.zeros(ANSWERS)
    for t in reversed(range(rewards.size(1))):
        next_value = values[:, t + 1] if t + 1 < rewards.size(1) else torch.zeros(ANSWERS)
        running = rewards[:, t] + gamma * next_value - values[:, t] + gamma * lam * running
        advantages[:, t] = running
    returns = advantages + values
    n = mask.sum()
    mean = (advantages * mask).sum() / n
    # trl's masked_var corrects by n / (n − 1)
    var = (((advantages - mean) ** 2) * mask).sum() / n * n / (n - 1)
    white = ((advantages - mean) * torch.rsqrt(var + 1e-8)) * mask
    model = policy(folder)
    now = with_gradients(model, inputs)
    ratio = torch.exp((now - old) * mask)
    loss = (torch.max(-white * ratio, -white * ratio.clamp(1 - clip, 1 + clip)) * mask).sum() / n
    fresh = (values + 0.5 * torch.randn(values.shape, generator=generator) * mask).requires_grad_()
    clipped = torch.clamp(fresh, values - clip_value, values + clip_value)
    value_loss = 0.5 * (torch.max((fresh - returns) ** 2, (clipped - returns) ** 2) * mask).sum() / n
    value_loss.backward()
    made |= {"ppo.scores": scores, "ppo.values": values, "ppo.new_values": fresh.detach(), "ppo.advantages": white, "ppo.returns": returns * mask,
             "ppo.value_loss": value_loss.detach().reshape(1), "ppo.value_grad": fresh.grad * mask}
    keep(made, "ppo", model, loss)
    return made


def main(golden):
    folder = golden / "language" / "llama"
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({f"t{i}": i for i in range(96)}, unk_token="t0")), pad_token="t0", eos_token="t2")
    inputs, prompts, answers = batch()
    width = inputs["completion_ids"].size(1)
    old, reference = (each_token(policy(folder, 0.02, seed), prompts, answers, width) for seed in (7, 8))
    advantages = torch.tensor([1.0, -0.5, 0.25, -1.5, 0.75, 0.5])
    ids = torch.zeros(ANSWERS, max(len(p) + len(a) for p, a in zip(prompts, answers)), dtype=torch.int32)
    for r, (p, a) in enumerate(zip(prompts, answers)):
        ids[r, :len(p) + len(a)] = torch.cat([p, a])
    made = {"ids": ids, "answers": torch.tensor([len(p) for p in prompts], dtype=torch.int32), "lengths": torch.tensor([len(p) + len(a) for p, a in zip(prompts, answers)], dtype=torch.int32),
            "advantages": advantages, "old": old, "reference": reference, "now": each_token(policy(folder), prompts, answers, width)}
    rows = Dataset.from_list([{"prompt": "t3"}] * 8)
    common = dict(use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[], disable_tqdm=True, per_device_train_batch_size=6, num_generations=2)
    with tempfile.TemporaryDirectory() as scratch:
        policy(folder).save_pretrained(scratch + "/policy")
        tokenizer.save_pretrained(scratch + "/policy")
        for name in ("grpo", "dapo", "dr_grpo"):
            config = GRPOConfig(output_dir=scratch, loss_type=name, beta=BETA, max_completion_length=MOST, model_init_kwargs={"dtype": "float32", "attn_implementation": "eager"}, **common)
            trainer = GRPOTrainer(model=scratch + "/policy", reward_funcs=lambda completions, **_: [0.0] * len(completions), args=config, train_dataset=rows, processing_class=tokenizer)
            trainer.model.eval()
            trainer.current_gradient_accumulation_steps = 1
            given = dict(inputs) | {"advantages": advantages, "old_per_token_logps": old, "ref_per_token_logps": reference, "num_items_in_batch": inputs["completion_mask"].sum()}
            keep(made, name, trainer.model, trainer._compute_loss(trainer.model, given), name == "dapo")
        config = RLOOConfig(output_dir=scratch, max_completion_length=MOST, model_init_kwargs={"dtype": "float32", "attn_implementation": "eager"}, **common)
        trainer = RLOOTrainer(model=scratch + "/policy", reward_funcs=lambda completions, **_: [0.0] * len(completions), args=config, train_dataset=rows, processing_class=tokenizer)
        trainer.model.eval()
        trainer.current_gradient_accumulation_steps = 1
        keep(made, "rloo", trainer.model, trainer._compute_loss(trainer.model, dict(inputs) | {"advantages": advantages, "old_logps": old.sum(1)}))
        made = ppo(made, folder, inputs, old, reference)
        judge = policy(folder, kind=AutoModelForSequenceClassification, num_labels=1)
        judge.config.pad_token_id = 0
        with torch.no_grad():
            judge.score.weight.copy_(torch.randn(judge.score.weight.shape, generator=torch.Generator().manual_seed(31)) * 0.3)
        config = RewardConfig(output_dir=scratch, center_rewards_coefficient=CENTRE, **{k: v for k, v in common.items() if k != "num_generations"})
        trainer = RewardTrainer(model=judge, args=config, processing_class=tokenizer, train_dataset=Dataset.from_list([{"prompt": "t3", "chosen": "t4", "rejected": "t5"}]))
        trainer.model.eval()
        mask = (torch.arange(ids.size(1))[None] < made["lengths"][:, None]).long()
        trainer._total_train_tokens = 0
        made["reward.score"] = judge.score.weight.detach().clone()
        with torch.no_grad():
            made["reward.rewards"] = judge(input_ids=ids.long(), attention_mask=mask).logits[:, 0].clone()
        keep(made, "reward", trainer.model, trainer.compute_loss(trainer.model, {"input_ids": ids.long(), "attention_mask": mask}))
    save_file({k: v.contiguous() for k, v in made.items()}, golden / "policy.safetensors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden"))
