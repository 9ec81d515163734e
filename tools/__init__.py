"""Undertone's tools: search the corpus, blend styles, measure the blend."""

import logging

# torchvision is left out on purpose (requirements.txt says why); transformers would warn of it at every start
logging.getLogger("transformers.utils.import_utils").setLevel(logging.ERROR)
