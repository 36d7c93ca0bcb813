"""The results of an evaluation as a table, and its place in a model card."""

from typing import Any

from training.scoring import WITHOUT_SPACES

MARKS = "<!-- evaluation -->", "<!-- end of evaluation -->"

Results = dict[str, Any]


def table(results: Results) -> str:
    """Markdown."""
    lines = ["| what | set | result |", "|---|---|---|"]
    for name, score in results["translation"].items():
        kind = "chrF" if name.split("-")[1] in WITHOUT_SPACES else "chrF++"
        lines.append(
            f"| translation | {name}, {score['sentences']:,} sentences | {kind} {score['chrf']}, BLEU {score['bleu']} |"
        )
    for name, score in results["qa"].items():
        text = f"F1 {score['f1']}, exact match {score['em']}; refused {score['refused']}% of what is not in the text"
        lines.append(
            f"| answers | {name}, {score['questions']:,} questions | {text}, {score['refused_wrongly']}% of the rest |"
        )
    for name, score in results["sentiment"].items():
        text = f"accuracy {score['accuracy']}%, macro-F1 {score['macro_f1']}"
        lines.append(f"| sentiment | {name}, {score['texts']:,} texts | {text} |")
    talk = results["chat"]
    text = f"empty {talk['empty']}%, repetitive {talk['repetitive']}%, cut off {talk['cut_off']}%"
    variety = f"distinct-1 {talk['distinct_1']}, distinct-2 {talk['distinct_2']}"
    lines.append(f"| chat | {talk['replies']} prompts | {text}; {variety} |")
    for name, score in results["perplexity"].items():
        lines.append(f"| perplexity of a token | {name}, {score['tokens']:,} tokens | {score['perplexity']} |")
    return "\n".join(lines)


def with_table(card: str, text: str) -> str:
    """The card with the table between the marks, which are added at its end where it has none."""
    start, end = MARKS
    block = f"{start}\n{text}\n{end}"
    if start in card and end in card:
        return card[: card.index(start)] + block + card[card.index(end) + len(end) :]
    return f"{card.rstrip()}\n\n## Evaluation\n\n{block}\n".lstrip()


def conversation(reply: Results) -> str:
    """A reply with what it answers, to be read."""
    lines = [f"{role}: {content}" for role, content in reply["messages"]]
    return "\n".join([*lines, f"→ {reply['reply']}"])
