"""WSAM, reconstructed: a picture under other styles, what classifiers answer, and where they look."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""Of the four small classifiers."""
