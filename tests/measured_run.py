"""A run as its tool hands it over, and the arguments of another: what tests of answers about runs begin with."""


def fact(topic: str, text: str, figure: str) -> dict[str, str]:
    return {"topic": topic, "text": text, "figure": figure}


RUN = {
    "verdict": "The picture is taken for watercolor.",
    "facts": [
        fact("layers", 'The layers that listened most to "watercolor": up.0 (12.0%).', "attention.share_by_layer"),
        fact("layers", 'The layers that listened most to "pixel art": mid (9.0%).', "attention.share_by_layer"),
        fact("noise", 'Of the pull, "watercolor" had 60.0% and "pixel art" 40.0%.', "noise.contribution_share"),
        fact("parameters", "The model's parameters are the same before and after.", "parameters"),
    ],
    "measurements": {
        "images": [
            {"styles": ["watercolor", "pixel art"], "shares": [0.5, 0.5], "noise": {"contribution_share": [0.6, 0.4]}}
        ]
    },
}  # fmt: skip
LAST = {
    "tool": "blend_styles",
    "arguments": {
        "subject": "a mug",
        "styles": [{"text": "ink", "weight": 0.5}, {"text": "chalk", "weight": 0.5}],
        "method": "embedding",
        "seed": 4,
    },
}
