"""What a language model would write of the corpus, true and false, by hand: each with words of the passages it quotes.

The true ones are told in other words than the corpus's; the false ones sound as well and are not supported. Rules of
the check were grown on TRUE and FALSE; the others were written down after most of that, and no rule was made to suit a
false one. One true sentence of theirs did move to TRUE, with a rule for it. All are one hand's, on one corpus.
"""

from __future__ import annotations

Rows = tuple[tuple[str, str, tuple[str, ...]], ...]
"""A sentence, the document it is about, and words of the passages that it quotes."""

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

TRUE: Rows = (
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
    ("The query of the original features is kept during the denoising process.", VISUAL, (KEEP,)),
    ("Reference features give the key and value in the late self-attention layers.", VISUAL, (KEEP,)),
    ("Visual Style Prompting swaps the key and value with those from reference features.", VISUAL, (KEEP,)),
    ("Generated images maintain a faithful style without any fine-tuning.", VISUAL, (FREE,)),
    ("Controlled generation with a consistent style remains a challenge for existing models.", VISUAL, (STILL,)),
    ("Existing models often transfer the visual elements inadequately because of content leakage.", VISUAL, (STILL,)),
    ("The method demonstrates superiority over existing approaches.", VISUAL, (BEST,)),
    ("Visual Style Prompting was evaluated across various styles and text prompts.", VISUAL, (BEST,)),
    ("The resulting images match the text prompts most accurately.", VISUAL, (BEST,)),
    ("Personal artworks are not exposed in FedStyle.", FEDSTYLE, (FED,)),
    ("In FedStyle, artists train local style models.", FEDSTYLE, (LOCAL,)),
    ("FedStyle shares model parameters instead of artworks.", FEDSTYLE, (LOCAL,)),
    ("Severe model drift arises because most artists possess a unique artistic style.", FEDSTYLE, (DRIFT,)),
    ("Artists learn abstract style representations and align with the server.", FEDSTYLE, (ALIGN,)),
    ("FedStyle does not merely aggregate model parameters that lack semantics.", FEDSTYLE, (ALIGN,)),
    ("Contrastive learning helps construct the style representation space.", FEDSTYLE, (CONTRAST,)),
    ("Artworks with similar styles are pulled closer in the embedding space.", FEDSTYLE, (CONTRAST,)),
    ("WSAM presents a style augmentation algorithm with noise addition.", WSAM, (NOISE,)),
    ("Noise addition improves the randomization.", WSAM, (NOISE,)),
    ("CNNs recognize textures rather than shapes.", WSAM, (BIAS,)),
    ("All models show incredible robustness against image stylizing.", WSAM, (ROBUST,)),
    ("During the denoising process, Visual Style Prompting keeps the query from original features.", VISUAL, (KEEP,)),
)

FALSE: Rows = (
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
    ("The key of the original features is kept during the denoising process.", VISUAL, (KEEP,)),
    ("Original features give the key and value in the late self-attention layers.", VISUAL, (KEEP,)),
    ("Visual Style Prompting swaps the original features with reference features.", VISUAL, (KEEP,)),
    ("The key and value are swapped with those from original features.", VISUAL, (KEEP,)),
    ("Generated images maintain a faithful style only with fine-tuning.", VISUAL, (FREE,)),
    ("Existing models achieve controlled generation with a consistent style.", VISUAL, (STILL,)),
    ("Costly fine-tuning is due to content leakage.", VISUAL, (STILL,)),
    ("Existing approaches demonstrate superiority over the method.", VISUAL, (BEST,)),
    ("The references match the text prompts most accurately.", VISUAL, (BEST,)),
    ("The resulting images match the style of the references most accurately.", VISUAL, (BEST,)),
    ("FedStyle crowdsources personal artworks.", FEDSTYLE, (FED,)),
    ("The server trains local style models.", FEDSTYLE, (LOCAL,)),
    ("FedStyle shares artworks instead of model parameters.", FEDSTYLE, (LOCAL,)),
    ("Severe model drift among artists makes their style unique.", FEDSTYLE, (DRIFT,)),
    ("The server learns abstract style representations.", FEDSTYLE, (ALIGN,)),
    ("Abstract style representations lack semantics.", FEDSTYLE, (ALIGN,)),
    ("Contrastive learning pulls different artworks closer.", FEDSTYLE, (CONTRAST,)),
    ("Artworks with similar styles are kept apart in the embedding space.", FEDSTYLE, (CONTRAST,)),
    ("Noise addition replaces stochastic-based sampling.", WSAM, (NOISE,)),
    ("A general linear transformation adds noise to the style transfer.", WSAM, (NOISE,)),
    ("CNNs recognize shapes rather than textures.", WSAM, (BIAS,)),
    ("Style augmentation is strongly biased toward recognizing textures.", WSAM, (BIAS,)),
    ("All models are robust against previous methods.", WSAM, (ROBUST,)),
    ("All previous methods surpass the state-of-the-art performance for the STL-10 dataset.", WSAM, (ROBUST,)),
)

HELD_OUT_TRUE: Rows = (
    ("Swapping takes place in the late self-attention layers.", VISUAL, (KEEP,)),
    ("The key and value come from reference features.", VISUAL, (KEEP,)),
    ("Visual style prompting is possible without any fine-tuning.", VISUAL, (FREE,)),
    ("The style of the references is best reflected by the method.", VISUAL, (BEST,)),
    ("Content leakage is one reason why existing models transfer visual elements inadequately.", VISUAL, (STILL,)),
    ("Diffusion models are powerful tools in content creation.", VISUAL, (TOOLS,)),
    ("Model parameters are shared rather than artworks.", FEDSTYLE, (LOCAL,)),
    ("FedStyle lets artists train local models of style.", FEDSTYLE, (LOCAL,)),
    ("FedStyle is proposed to achieve artistic style-based retrieval.", FEDSTYLE, (FED,)),
    ("The unique artistic style of most artists leads to severe model drift.", FEDSTYLE, (DRIFT,)),
    ("Data heterogeneity is addressed by having artists learn abstract style representations.", FEDSTYLE, (ALIGN,)),
    ("Contrastive learning is introduced to construct the style representation space.", FEDSTYLE, (CONTRAST,)),
    ("Artworks with different styles are kept apart.", FEDSTYLE, (CONTRAST,)),
    ("The style augmentation algorithm uses stochastic-based sampling with noise addition.", WSAM, (NOISE,)),
    ("Style augmentation gets attention because CNNs are biased toward textures.", WSAM, (BIAS,)),
    ("The models outperform all previous methods.", WSAM, (ROBUST,)),
    ("On STL-10, the models surpass the state-of-the-art performance.", WSAM, (ROBUST,)),
)

HELD_OUT_FALSE: Rows = (
    ("The value is kept while the query is swapped.", VISUAL, (KEEP,)),
    ("The denoising process swaps the key and value with the query.", VISUAL, (KEEP,)),
    ("Reference features keep the query during the denoising process.", VISUAL, (KEEP,)),
    ("Swapping takes place before the late self-attention layers.", VISUAL, (KEEP,)),
    ("Visual style prompting ensures fine-tuning.", VISUAL, (FREE,)),
    ("Generated images allow for visual style prompting.", VISUAL, (FREE,)),
    ("The method reflects existing approaches best.", VISUAL, (BEST,)),
    ("Text prompts match the style of the references.", VISUAL, (BEST,)),
    ("Existing models require content leakage.", VISUAL, (STILL,)),
    ("Content creation has emerged as a powerful tool of diffusion models.", VISUAL, (TOOLS,)),
    ("FedStyle allows the server to train local style models.", FEDSTYLE, (LOCAL,)),
    ("Local style models share artists.", FEDSTYLE, (LOCAL,)),
    ("FedStyle exposes artistic style.", FEDSTYLE, (FED,)),
    ("Model drift results in most artists.", FEDSTYLE, (DRIFT,)),
    ("Artists lack semantics.", FEDSTYLE, (ALIGN,)),
    ("The server addresses extreme data heterogeneity.", FEDSTYLE, (ALIGN,)),
    ("Similar styles keep artworks apart.", FEDSTYLE, (CONTRAST,)),
    ("The embedding space introduces contrastive learning.", FEDSTYLE, (CONTRAST,)),
    ("Sampling outlines a style augmentation algorithm.", WSAM, (NOISE,)),
    ("The algorithm improves a general linear transformation.", WSAM, (NOISE,)),
    ("Textures are strongly biased toward shapes.", WSAM, (BIAS,)),
    ("Style augmentation recognizes textures.", WSAM, (BIAS,)),
    ("Image stylizing outperforms all previous methods.", WSAM, (ROBUST,)),
    ("All models present the STL-10 dataset.", WSAM, (ROBUST,)),
)
