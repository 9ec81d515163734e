"""The tool `stress_picture`: a picture in other styles, what classifiers answer, and where they look.

A call waits for a person's click. torch takes seconds to import: it is, when something is run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.tools import ToolException
from pydantic import BaseModel, Field

from tools.specs import Ran, Shows, StageCall, ToolContext, ToolSpec
from tools.style_augmentation import WEIGHTS

if TYPE_CHECKING:
    from PIL import Image

    from tools.style_augmentation.sources import Subject

ASK_NEXT = ("Which style changed the answer first?", "Where did the classifier look?", "Did the evidence move?")


class StressArguments(BaseModel):
    subject: str = Field(default="cat", description="What a scene is drawn of, where no picture is given.")
    picture: str | None = Field(default=None, description="The id of an uploaded picture, or of a finished render.")
    restyle_with: list[str] = Field(
        default=[], description="Drawn styles, or ids of pictures or renders that give a style; none: all drawn ones."
    )
    alphas: list[float] = Field(
        default=[0.25, 0.5, 0.75, 1.0], description="Strengths: 0 the picture itself, 1 the style in full."
    )
    question: str = Field(default="object", description="What is asked: object, style, colour or setting.")
    classifier: str = Field(
        default="judges", description="Whose answer is told first: judges, none, traditional, style or both."
    )
    sigma: float = Field(default=0.0, description="Noise of the styles; 0 is none.")
    seed: int = Field(default=0, description="Of a drawn scene and of the noise.")


def stress_picture(arguments: StressArguments, context: ToolContext) -> Ran:
    """Restyle a picture, ask everybody who can be asked, and keep it in the context's folder.

    Returns:
        The verdict and the facts, in sentences, and the artifact: what findings.json holds, run_id, folder, record.
    """
    from tools.studio.scenes import STYLES
    from tools.style_augmentation.kept import save
    from tools.style_augmentation.sources import drawn_style, drawn_subject, fitted, given_subject, unknown_style
    from tools.style_augmentation.stress import StressRequest, stress

    try:
        styles, renders = {}, context.folder.parent
        for name in dict.fromkeys(arguments.restyle_with) or STYLES:
            picture = drawn_style(name)
            if picture is None:
                found = _stored(name, renders)
                if found is None:
                    raise unknown_style(name)
                picture, _ = fitted(found, name)
            styles[name] = picture
        request = StressRequest(
            arguments.question,
            arguments.classifier,
            tuple(styles),
            tuple(arguments.alphas),
            arguments.sigma,
            arguments.seed,
        )
        subject: Subject
        if arguments.picture is None:
            subject = drawn_subject(arguments.subject, arguments.seed)
        elif (given := _stored(arguments.picture, renders)) is not None:
            subject = given_subject(given, f"the picture {arguments.picture[:15]}")
        else:
            raise ValueError(f"there is no picture {arguments.picture!r}; choose it again")
        found_out, _ = save(stress(request, subject, styles), context.folder)
    except (ValueError, OSError) as error:
        raise ToolException(f"Nothing was restyled: {error}") from error
    facts = "\n".join(f"- {fact['text']}" for fact in found_out["facts"])
    text = "\n".join((found_out["verdict"], "Measured in this run:", facts))
    found_out["follow_ups"] = list(ASK_NEXT)
    return text, {"run_id": context.folder.name, "folder": str(context.folder), **found_out}


def _stored(name: str, renders: Path) -> Image.Image | None:
    """A picture that was uploaded or rendered before, by its id; None where there is none."""
    from PIL import Image

    from tools.blend.references import ID_PATTERN, REFERENCES_FOLDER, load_reference

    if ID_PATTERN.fullmatch(name):
        return load_reference(name, renders.parent / REFERENCES_FOLDER)
    file = renders / Path(name).name / "image.png"
    if Path(name).name != name or not file.is_file():
        return None
    with Image.open(file, formats=("PNG",)) as picture:
        return picture.convert("RGB")


def stress_command(arguments: Mapping[str, Any]) -> str:
    """The command that does the same with a drawn scene, or with a picture in the renders' folder."""
    call = StressArguments.model_validate(arguments)
    words = ["python", "-m", "tools", "stress", f"{call.picture}.png" if call.picture else call.subject]
    words += [word for style in call.restyle_with for word in ("--style", style)]
    words += [word for alpha in call.alphas for word in ("--alpha", f"{alpha:g}")]
    words += ["--question", call.question, "--classifier", call.classifier, "--sigma", f"{call.sigma:g}"]
    return shlex.join([*words, "--seed", str(call.seed), "--out", "stress"])


STRESS_PICTURE = ToolSpec(
    name="stress_picture",
    description="Show whether a classifier keeps its answer when the style of a picture changes, and where it looks.",
    arguments=StressArguments,
    run=stress_picture,
    status=lambda arguments: f"Restyling {arguments.get('subject', 'a picture')} and asking what it shows",
    view="stress",
    needs_approval=True,
    verb="Run",
    command=stress_command,
    weights=tuple(sorted(WEIGHTS.glob("*.safetensors"))),
    shows=Shows(
        like=(
            "Image classifiers recognise textures rather than shapes.",
            "Restyling training pictures makes image classifiers keep their answers when the style changes.",
            "Pictures in other styles deceive an image classifier.",
            "It is studied where a classifier looks when the style of the picture changes.",
        ),
        words=(("styl", "restyl", "textur"), ("classif", "recogni", "augment", "robust", "interpret", "attack")),
        example={"subject": "boat", "seed": 2, "classifier": "none"},
        stages={
            "input": StageCall({"alphas": [0.0]}),
            "model": StageCall(),
            "output": StageCall({"classifier": "both"}),
        },
    ),
)
