"""What the model writes as it is now, so that people can read how it learns."""

import numpy as np
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from training.progress import Sampled
from training.rendering import Documents, Rendered
from training.tokenizer import END_OF_TEXT, IM_END, control_id

GIVEN, WRITTEN = 12, 48
"""Tokens of a plain text that it is given, and at most so many that it writes."""
LONGEST_GIVEN = 400


def pick(documents: Documents) -> Rendered | None:
    """The first that is short enough to show."""
    return next((row for row in documents if len(given_of(row)) <= LONGEST_GIVEN), None)


def given_of(row: Rendered) -> list[int]:
    """A conversation up to its first reply; of a text, all of which is learned, its first words, half of it at most."""
    learned = np.flatnonzero(row.learned)
    begins = int(learned[0]) if len(learned) else len(row)
    return [int(token) for token in row.input_ids[: begins if begins > 1 else max(1, min(GIVEN, len(row) // 2))]]


@torch.no_grad()
def sample(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, row: Rendered, *, step: int) -> Sampled:
    """Always the likeliest token: chance would have to be drawn from, and a run that is resumed must draw the same."""
    given = given_of(row)
    ends = {control_id(tokenizer, END_OF_TEXT), control_id(tokenizer, IM_END)}
    ids = torch.tensor([given], device=model.device)
    model.eval()
    for _ in range(min(WRITTEN, model.config.max_position_embeddings - len(given))):
        likeliest = model(input_ids=ids, use_cache=False).logits[:, -1].argmax(-1, keepdim=True)
        if int(likeliest) in ends:
            break
        ids = torch.cat([ids, likeliest], dim=1)
    model.train()
    prompt, text = (str(tokenizer.decode(part, skip_special_tokens=True)) for part in (given, ids[0, len(given) :]))
    return Sampled(step, prompt.strip(), text.strip())
