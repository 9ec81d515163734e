"""Thirty model cards and ten PDF papers as people really write them, made up: for `documents.py`.

The layouts are those of real cards: the hub's template, a research release with badges and a table of contents, a card
whose first heading is a section, a library's generated card, a trainer's generated card. Names and figures are drawn by
a fixed seed; what is right about each is kept beside it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMES = [
    "Aquafold",
    "Brinewash",
    "Cindermap",
    "Dovetail-7B",
    "Emberlite",
    "Fennelcast",
    "Gossamer-XL",
    "Harrowgate",
    "Inkspindle",
    "Juniper-v2",
    "Kestrelnet",
    "Larkspur",
    "Millstone",
    "Nettlefish",
    "Oxbow-3B",
    "Pebbleway",
    "Quillon",
    "Rushlight",
    "Saltmarsh",
    "Tamarack",
    "Umberline",
    "Vellumix",
    "Wickerwork",
    "Xylograph",
    "Yarrowby",
    "Zephyrine",
    "Bramblewick",
    "Copperleaf",
    "Driftwood-S",
    "Foxglove",
]
PAPERS = (
    "Tidepool: Counting Snails from Drones",
    "Lanternwork: Restoring Night Photographs",
    "Hearing Bees: Hive Health from Sound",
    "Slow Fonts: Letters that Age",
    "Mapping Peat by Radar Echo",
    "Threadbare: Finding Holes in Woven Cloth",
    "Cold Start for Bakery Robots",
    "Glasshouse: Forecasting Frost on Panes",
    "Pocket Choirs: Small Singing Models",
    "Walls that Listen: Cracks in Old Masonry",
)
TASKS = {
    "text-to-image": "draws pictures from short descriptions",
    "translation": "translates sentences between the languages that it knows",
    "automatic-speech-recognition": "writes down what is said in a recording",
    "object-detection": "finds the things in a photograph and frames them",
    "summarization": "shortens a report to three sentences",
}
LICENSES = ("apache-2.0", "mit", "cc-by-nc-4.0", "openrail", "gpl-3.0", "bigscience-openrail-m", "afl-3.0")
BASES = ("northwind/base-v1", "meadow/encoder-small", "quarry/llm-3b", "harbour/unet-large")
DATA = (
    "It was trained on 1.2 million pairs that the Rivermouth archive released",
    "The training data are 84,000 hours of radio from three public stations",
    "We trained on the Orchard-9 collection, of which pictures below 256 pixels were removed",
    "Its training set joins the Fenland corpus with 40,000 letters that volunteers copied",
    "Training used the open part of the Skylight catalogue, filtered for people's faces",
    "All training examples come from the minutes of town councils between 1990 and 2020",
)
LIMITS = (
    "hands and fingers often come out deformed",
    "text inside of a picture cannot be read",
    "speakers with a cold are misheard twice as often",
    "it invents names where the input is longer than two pages",
    "objects smaller than ten pixels are overlooked",
    "dialects of the coast are treated as errors",
    "counts above seven are wrong more often than right",
    "it repeats a sentence when the input is empty",
    "faces of children are rendered too old",
    "numbers written as words are dropped",
)
LANGUAGES = (("en", "de"), ("fr",), ("en", "no", "sv"), ("ja", "en"), ("es", "pt"), ("sw",), ("fi", "et", "en"))
METRICS = ("FID", "BLEU", "WER", "mAP", "ROUGE-L", "Recall@5")
SETS = ("Orchard-9 test", "Fenland dev", "Skylight hard", "Rivermouth 2021")


@dataclass(frozen=True)
class Made:
    """A card and what is right about it."""

    path: str
    text: str
    title: str
    id: str
    facts: tuple[str, ...]
    right: dict[str, tuple[str, ...]]  # kind of question -> what a right passage holds, one of these
    ask: dict[str, str]  # what a question of that kind names beside the document


@dataclass(frozen=True)
class _Model:
    name: str
    owner: str
    task: str
    license: str
    base: str
    data: str
    limits: tuple[str, str]
    languages: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]  # dataset, metric, value

    @property
    def does(self) -> str:
        return TASKS[self.task]

    @property
    def code(self) -> str:
        call = self.name.lower().replace("-", "_")
        return f'import {call}\n\nmodel = {call}.load("{self.owner}/{self.name}")\nprint(model("an example"))'

    @property
    def front(self) -> str:
        languages = "\n".join(f"- {code}" for code in self.languages)
        said = f"license: {self.license}\nlanguage:\n{languages}\nbase_model: {self.base}\npipeline_tag: {self.task}"
        return f"---\n{said}\n---\n"

    @property
    def table(self) -> str:
        rows = "\n".join(f"| {' | '.join(row)} |" for row in self.rows)
        return f"| Dataset | Metric | Value |\n|---|---|---|\n{rows}"


def _template(m: _Model) -> str:
    return f"""# Model Card for {m.name}

<!-- Provide a quick summary of what the model is/does. -->

{m.name} is a model that {m.does}.

## Model Details

### Model Description

- **Developed by:** {m.owner}
- **Shared by [optional]:** [More Information Needed]
- **Finetuned from model:** {m.base}

## Uses

### Direct Use

People at home use it as it is. Nothing else is needed.

### Out-of-Scope Use

It is no tool for deciding about people.

## Bias, Risks, and Limitations

In our tests {m.limits[0]}. Beyond that, {m.limits[1]}.

### Recommendations

Whoever uses it should look at the results before they are shown.

## How to Get Started with the Model

Use the code below to get started with the model.

```python
{m.code}
```

## Training Details

### Training Data

{m.data}.

### Training Procedure

- **Training regime:** bf16 mixed precision

## Evaluation

### Results

{m.table}

## Citation [optional]

**BibTeX:**

```bibtex
@misc{{{m.name.lower()}, title={{{m.name}}}}}
```
"""


def _release(m: _Model) -> str:
    rows = "".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in m.rows)
    return f"""<h1 align="center">{m.name}</h1>

<p align="center"><img src="https://img.example/logo.png" width="300"></p>

[![License](https://img.shields.io/badge/license-open-green)](LICENSE) [![Demo](https://img.shields.io/badge/demo-live-blue)](https://demo.example)

[Project page](https://p.example) | [Paper](https://a.example) | [Demo](https://d.example)

## Contents

- [Quick start](#quick-start)
- [Known issues](#known-issues)
- [Benchmarks](#benchmarks)

## News

* **[2024/05]** We release the weights of {m.name}.

## Overview

**{m.name}** {m.does}. It is small enough for a laptop.

## 🚀 Quick start

```bash
pip install {m.name.lower()}
```

Then:

```python
{m.code}
```

## ⚠️ Known issues

* {m.limits[0].capitalize()}.
* {m.limits[1].capitalize()}.

## 🗂️ Data

{m.data}.

## 📊 Benchmarks

<table><tr><th>Dataset</th><th>Metric</th><th>Value</th></tr>{rows}</table>

## Acknowledgements

We thank the people who ran the machines at night.
"""


def _sections_first(m: _Model) -> str:
    return f"""![sample](sample.png)

## Key features

1. {m.name} {m.does}.
2. It starts in two seconds.

## Usage

Install the package first, then call it:

```python
{m.code}
```

## Limitations

- {m.limits[0].capitalize()}.
- {m.limits[1].capitalize()}.

## Training data

{m.data}.

## Results

{m.table}
"""


def _library(m: _Model) -> str:
    return f"""# {m.name}

This is a model of the library `stonework`: it {m.does}.

<!--- Describe your model here -->

## Usage (stonework)

Using this model becomes easy when you have `stonework` installed:

```
pip install -U stonework
```

Then you can use the model like this:

```python
{m.code}
```

## Evaluation Results

{m.table}

## Training

{m.data}. The parameters of the method `fit()`:

```
{{"epochs": 4, "warmup_steps": 100}}
```

## Full Model Architecture

```
Stack((0): Encoder, (1): Pooling)
```

## Limits and biases

It has its limits: {m.limits[0]}. What is more, {m.limits[1]}.
"""


def _trainer(m: _Model) -> str:
    return f"""<!-- This model card has been generated automatically by the trainer. -->

# {m.name}

This model is a fine-tuned version of [{m.base}](https://h.example/{m.base}). It {m.does}.

## Model description

More information needed

## Intended uses & limitations

The model is for research. Note that {m.limits[0]}, and that {m.limits[1]}.

## Training and evaluation data

{m.data}.

## How to use

~~~python
{m.code}
~~~

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 5e-05
- train_batch_size: 8

### Training results

| Training Loss | Epoch | Step |
|:---:|:---:|:---:|
| 1.2 | 1.0 | 500 |
| 0.8 | 2.0 | 1000 |

### Test results

{m.table}

### Framework versions

- Torch 2.1.0
"""


LAYOUTS = (_template, _release, _sections_first, _library, _trainer)


def made_cards(seed: int = 7) -> list[Made]:
    """Return the thirty cards."""
    draw = random.Random(seed)
    cards = []
    for n, name in enumerate(NAMES):
        rows = tuple((dataset, draw.choice(METRICS), f"{draw.uniform(2, 95):.1f}") for dataset in draw.sample(SETS, 3))
        limits = draw.sample(LIMITS, 2)
        model = _Model(
            name,
            draw.choice(("alder", "birchlab", "corvid")),
            draw.choice(list(TASKS)),
            draw.choice(LICENSES),
            draw.choice(BASES),
            draw.choice(DATA),
            (limits[0], limits[1]),
            draw.choice(LANGUAGES),
            rows,
        )
        layout = LAYOUTS[n % len(LAYOUTS)]
        dataset, metric, value = draw.choice(rows)
        facts = (
            f"License: {model.license}",
            f"Language: {', '.join(model.languages)}",
            f"Base model: {model.base}",
            f"Task: {model.task}",
        )
        right: dict[str, tuple[str, ...]] = {
            "use": (f"{name.lower().replace('-', '_')}.load(", "pip install"),
            "licence": (facts[0],),
            "limits": model.limits,
            "data": (model.data,),
            "table": (f"{dataset} | {metric} | {value}", f"{dataset}</td><td>{metric}</td><td>{value}"),
            "languages": (facts[1],),
        }
        path = f"{model.owner}/{name}/README.md"
        ask = {"table": f"{metric} on {dataset}"}
        cards.append(Made(path, model.front + layout(model), name, name.lower(), facts, right, ask))
    return cards


def write_pdf(path: Path, title: str, columns: int, sections: Sequence[tuple[str, str]]) -> None:
    """Make a paper of a title and of sections with their texts, in one or two columns."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Times", "B", 18)
    pdf.multi_cell(0, 9, title, align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Times", "", 10)
    pdf.multi_cell(0, 6, "Ada Quarry, Bo Fenn", align="C", new_x="LMARGIN", new_y="NEXT")
    with pdf.text_columns(ncols=columns, gutter=8, text_align="L") as text:
        for heading, said in sections:
            pdf.set_font("Times", "B", 12)
            text.write(f"{heading}\n")
            pdf.set_font("Times", "", 10)
            text.write(f"{said}\n\n")
    pdf.output(str(path))


def made_papers(folder: Path, seed: int = 7) -> list[Made]:
    """Write the ten papers into a folder and return what is right about each."""
    draw = random.Random(seed)
    made = []
    for n, title in enumerate(PAPERS):
        limit, error = draw.choice(LIMITS), f"{draw.uniform(1, 20):.1f}"
        count = f"{draw.randint(2, 90)},{draw.randint(100, 999)}"
        short = title.split(":")[0]
        filler = " ".join(f"Step {i} of the procedure follows what the step before it left." for i in range(40))
        sections = (
            ("Abstract", f"We present a method. Its mean error is {error} percent, which is less than before."),
            ("1 Introduction", f"Others have tried this for years. {filler}"),
            ("2 Data", f"For the experiments we collected {count} examples in the field. {filler}"),
            ("3 Method", f"A small network reads each example twice. {filler}"),
            ("4 Limitations", f"The method has a weak side: {limit}. {filler}"),
            ("References", "[1] A. Author. A work that is only listed. 2020."),
        )
        path = folder / f"paper{n:02}.pdf"
        write_pdf(path, title, 1 + n % 2, sections)
        right = {"limits": (limit,), "size": (count,), "error": (error,)}
        made.append(Made(path.name, "", title, path.stem, (), right, {"name": short}))
    return made
