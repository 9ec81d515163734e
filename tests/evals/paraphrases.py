"""What a language model would write of the corpus, true and false, by hand: each with words of the passages it quotes.

The true ones are told in other words than the corpus's; the false ones sound as well and are not supported.
"""

from __future__ import annotations

KEEP = "keep the query from original features"
FREE = "without any fine-tuning"
STILL = "existing models still face challenges"
TOOLS = "diffusion models have emerged as powerful tools"
BEST = "our method demonstrates superiority over existing approaches"
LOCAL = "train local style models and share model parameters"
FED = "we propose FedStyle"
DRIFT = "resulting in severe model drift among them"
ALIGN = "learn their abstract style representations and align with the server"
CONTRAST = "we introduce contrastive learning"
NOISE = "stochastic-based sampling with noise addition"
BIAS = "strongly biased toward recognizing textures"
ROBUST = "all models not only present incredible robustness"
VISUAL, FEDSTYLE, WSAM = "visual-style-prompting", "fedstyle", "wsam"

TRUE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Visual Style Prompting keeps the query while swapping the key and value.", VISUAL, (KEEP,)),
    (
        "Visual Style Prompting keeps the query from the original features and swaps the key and value with those "
        "from reference features.",
        VISUAL,
        (KEEP,),
    ),
    ("During denoising, the query is kept while the key and value come from reference features.", VISUAL, (KEEP,)),
    ("The swap happens in the late self-attention layers.", VISUAL, (KEEP,)),
    ("The key and value are swapped with those of the reference features.", VISUAL, (KEEP,)),
    ("No fine-tuning is needed.", VISUAL, (FREE,)),
    ("Visual Style Prompting works without any fine-tuning.", VISUAL, (FREE,)),
    ("Visual Style Prompting allows for style prompting without fine-tuning.", VISUAL, (FREE,)),
    ("The approach ensures that generated images maintain a faithful style.", VISUAL, (FREE,)),
    ("Existing models struggle to achieve controlled generation with a consistent style.", VISUAL, (STILL,)),
    ("Content leakage makes existing models transfer the visual elements inadequately.", VISUAL, (STILL,)),
    ("Existing models often require costly fine-tuning.", VISUAL, (STILL,)),
    ("Diffusion models have become powerful tools for content creation.", VISUAL, (TOOLS,)),
    ("The method best reflects the style of the references.", VISUAL, (BEST,)),
    ("According to the authors, the method is superior to existing approaches.", VISUAL, (BEST,)),
    ("FedStyle lets artists train local style models and share the model parameters.", FEDSTYLE, (LOCAL,)),
    ("FedStyle allows artists to share model parameters rather than artworks.", FEDSTYLE, (LOCAL,)),
    ("Artists share model parameters rather than artworks.", FEDSTYLE, (LOCAL,)),
    ("FedStyle is a style-based federated learning crowdsourcing framework.", FEDSTYLE, (FED,)),
    ("FedStyle achieves style-based retrieval without exposing personal artworks.", FEDSTYLE, (FED,)),
    ("Most artists have a unique artistic style, which results in severe model drift.", FEDSTYLE, (DRIFT,)),
    ("FedStyle handles such data heterogeneity by having artists align with the server.", FEDSTYLE, (ALIGN,)),
    ("FedStyle addresses extreme data heterogeneity.", FEDSTYLE, (ALIGN,)),
    ("Contrastive learning pulls artworks with similar styles closer and keeps others apart.", FEDSTYLE, (CONTRAST,)),
    ("FedStyle introduces contrastive learning to construct the style representation space.", FEDSTYLE, (CONTRAST,)),
    ("WSAM outlines a style augmentation algorithm that uses stochastic-based sampling.", WSAM, (NOISE,)),
    ("The algorithm adds noise to improve randomization.", WSAM, (NOISE,)),
    ("Convolutional neural networks are strongly biased toward textures rather than shapes.", WSAM, (BIAS,)),
    ("With this augmentation strategy, all models outperform previous methods.", WSAM, (ROBUST,)),
    ("The models surpass the state-of-the-art performance for the STL-10 dataset.", WSAM, (ROBUST,)),
)

FALSE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("It requires costly fine-tuning.", VISUAL, (STILL,)),
    ("They require costly fine-tuning.", VISUAL, (STILL,)),
    ("We require costly fine-tuning.", VISUAL, (STILL,)),
    ("Visual Style Prompting requires costly fine-tuning.", VISUAL, (STILL,)),
    ("The method requires costly fine-tuning.", VISUAL, (STILL,)),
    ("Visual Style Prompting still faces challenges in controlled generation.", VISUAL, (STILL,)),
    ("The approach inadequately transfers the visual elements due to content leakage.", VISUAL, (STILL,)),
    ("Visual Style Prompting keeps the key and value while swapping the query.", VISUAL, (KEEP,)),
    ("Visual Style Prompting swaps the query, the key and the value.", VISUAL, (KEEP,)),
    ("Visual Style Prompting keeps the query from reference features.", VISUAL, (KEEP,)),
    ("The swap happens in every self-attention layer.", VISUAL, (KEEP,)),
    ("The swap happens after the denoising process.", VISUAL, (KEEP,)),
    ("Fine-tuning is needed for a faithful style.", VISUAL, (FREE,)),
    ("The approach ensures that generated images lose a faithful style.", VISUAL, (FREE,)),
    ("Content leakage follows from costly fine-tuning.", VISUAL, (STILL,)),
    ("Existing approaches are superior to the method.", VISUAL, (BEST,)),
    ("The method best reflects the text prompts.", VISUAL, (BEST,)),
    ("FedStyle lets artists share artworks rather than model parameters.", FEDSTYLE, (LOCAL,)),
    ("FedStyle trains local style models and shares artworks.", FEDSTYLE, (LOCAL,)),
    ("FedStyle possesses a unique artistic style.", FEDSTYLE, (DRIFT,)),
    ("Few artists possess a unique artistic style.", FEDSTYLE, (DRIFT,)),
    ("Severe model drift results in a unique artistic style.", FEDSTYLE, (DRIFT,)),
    ("FedStyle merely aggregates model parameters.", FEDSTYLE, (ALIGN,)),
    ("The server aligns with the artists.", FEDSTYLE, (ALIGN,)),
    ("Contrastive learning keeps artworks with similar styles apart.", FEDSTYLE, (CONTRAST,)),
    ("FedStyle exposes personal artworks to achieve retrieval.", FEDSTYLE, (FED,)),
    ("WSAM outlines a style augmentation algorithm that uses gradient descent.", WSAM, (NOISE,)),
    ("The algorithm removes noise to improve randomization.", WSAM, (NOISE,)),
    ("Convolutional neural networks are biased toward shapes rather than textures.", WSAM, (BIAS,)),
    ("WSAM is strongly biased toward recognizing textures.", WSAM, (BIAS,)),
    ("The models match the state of the art on the CIFAR-10 dataset.", WSAM, (ROBUST,)),
    ("All previous methods outperform the models.", WSAM, (ROBUST,)),
)
