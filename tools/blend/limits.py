"""How large a request may be: the one place that the command line, the form, the agent and the requests read."""

MAX_STYLES = 4
MAX_REFERENCES = 2
MAX_STEPS = 150
DEFAULT_STEPS = 20
MAX_GUIDANCE = 30.0
MIN_SIZE_PX, MAX_SIZE_PX, SIZE_STEP_PX = 64, 1024, 8
MAX_SEED = 2**53 - 1
"""The largest whole number that JSON keeps exactly everywhere, a browser included."""
MAX_POINTS = 33
"""Of a sweep: how many weights are rendered at once."""
