"""What happened inside the model during a blend: one file per measure.

`attention.py` what cross-attention looked at, `split.py` each style's part in a blended embedding, `noise.py` each
style's part in the noise prediction, `classifier.py` which style the model itself sees in the finished image,
`counterfactuals.py` what changes when a style is left out, `parameters.py` that the parameters did not move.
None of them changes a pixel.
"""
