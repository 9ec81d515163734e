"""The same artists under a real Flower server: `flwr` comes with requirements-flower.txt, in an environment of its own.

It turns Flower's messages into ours and back, and knows nothing of what passes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp

from tools.style_search.server import Algorithm, Fit, Head, federate
