"""The claim check on the corpus's own sentences: what it keeps, what it refuses, and for what reason."""

import re

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from app.settings import read_settings
from app.verification.alignment import align
from app.verification.claims import check, features, support
from app.verification.entailment import Entailment, load_entailment
from app.verification.objections import objections
from app.verification.opposites import are_opposite
from app.verification.tokens import content_tokens
from ingest.vectors import EmbedderUnavailable

SWAP = (
    "During the denoising process, we keep the query from original features while swapping the key and value with "
    "those from reference features in the late self-attention layers."
)
FREE = (
    "This approach allows for the visual style prompting without any fine-tuning, ensuring that generated images "
    "maintain a faithful style."
)
DRIFT = "However, most artists possess a unique artistic style, resulting in severe model drift among them."
ADDRESS = (
    "FedStyle addresses such extreme data heterogeneity by having artists learn their abstract style representations "
    "and align with the server, rather than merely aggregating model parameters lacking semantics."
)
SHARE = (
    "It allows artists to train local style models and share model parameters rather than artworks for collaboration."
)
RARELY = (
    "The unique artistic style is crucial to artists' occupational competitiveness, yet prevailing Art Commission "
    "Platforms rarely support style-based retrieval."
)
BIAS = (
    "Currently, style augmentation is capturing attention due to convolutional neural networks (CNN) being strongly "
    "biased toward recognizing textures rather than shapes."
)
BEST = (
    "With our augmentation strategy, all models not only present incredible robustness against image stylizing but "
    "also outperform all previous methods and surpass the state-of-the-art performance for the STL-10 dataset."
)
VSP = (SWAP, FREE, "Visual Style Prompting with Swapping Self-Attention")
FED = (DRIFT, ADDRESS, SHARE, RARELY, "FedStyle: Style-Based Federated Learning Crowdsourcing Framework")
WSAM = (BIAS, BEST)

FALSE = [
    ("swap the query and keep key and value", VSP, "role"),
    ("During the denoising process, we swap the query while keeping the key and value.", VSP, "role"),
    ("The query is swapped and the key and value are kept.", VSP, "role"),
    ("The key and value come from original features and the query from reference features.", VSP, "role"),
    ("The key and value are swapped in the early self-attention layers.", VSP, "opposite"),
    ("The key and value are swapped in the quantum self-attention layers.", VSP, ""),
    ("The approach requires fine-tuning.", VSP, ""),
    ("This approach does not allow for visual style prompting.", VSP, "negation"),
    ("This approach allows for the visual style prompting with fine-tuning.", VSP, "negation"),
    ("FedStyle has artists share artworks.", FED, ""),
    ("It allows artists to share artworks rather than model parameters for collaboration.", FED, ""),
    ("WSAM addresses such extreme data heterogeneity.", FED, "name"),
    ("Such extreme data heterogeneity addresses FedStyle.", FED, "role"),
    ("FedStyle is addressed by such extreme data heterogeneity.", FED, "role"),
    ("Platforms support style-based retrieval.", FED, "negation"),
    ("All artists possess a unique artistic style.", FED, ""),
    ("Artists possess a unique artistic style.", FED, "strength"),
    ("Convolutional neural networks are biased toward recognizing shapes rather than textures.", WSAM, ""),
    ("All models underperform all previous methods.", WSAM, "opposite"),
    ("They surpass the state-of-the-art performance for the STL-50 dataset.", WSAM, ""),
    ("Most artists possess incredible robustness against image stylizing.", (*FED, *WSAM), "splice"),
    ("The server trains diffusion models on eleven million photographs.", FED, ""),
    ("", FED, ""),
]  # fmt: skip
FAITHFUL = [
    (SWAP, VSP),
    ("We keep the query from original features during the denoising process.", VSP),
    ("The query from original features is kept, while the key and value are swapped.", VSP),
    ("In the late self-attention layers, the key and value are swapped with those from reference features.", VSP),
    ("According to the paper, this approach allows for visual style prompting without any fine-tuning.", VSP),
    ("Generated images maintain a faithful style.", VSP),
    ("Such extreme data heterogeneity is addressed by FedStyle.", FED),
    ("Most artists possess a unique artistic style, and FedStyle addresses such extreme data heterogeneity.", FED),
    ("FedStyle allows artists to share model parameters rather than artworks.", FED),
    ("FedStyle lets artists train local style models.", FED),
    ("Platforms rarely support style-based retrieval.", FED),
    ("The unique artistic style is crucial to artists' occupational competitiveness.", FED),
    ("Convolutional neural networks are strongly biased toward recognizing textures rather than shapes.", WSAM),
    ("All models outperform all previous methods.", WSAM),
]


class Flat:
    """An embedder to which all words are alike: what is refused, is refused by the words themselves."""

    def encode_pieces(self, texts):
        spans = [[word.span() for word in re.finditer(r"\w+", text)] for text in texts]
        return [(np.full((len(found), 2), 2**-0.5, np.float32), found) for found in spans]


@pytest.mark.parametrize(("sentence", "passages", "kind"), FALSE)
def test_what_the_passages_do_not_say_is_refused(sentence, passages, kind):
    assert check(sentence, passages, embedder=Flat()).label != "supported"
    assert not kind or kind in {objection.kind for objection in objections(align(sentence, passages))}


@pytest.mark.parametrize(("sentence", "passages"), FAITHFUL)
def test_what_they_say_in_other_words_or_order_is_kept(sentence, passages):
    verdict = check(sentence, passages, embedder=Flat())
    assert verdict.label == "supported", verdict


def test_a_verdict_says_which_words_are_not_supported_and_why():
    verdict = check("FedStyle outperforms 12 other frameworks by 30 %.", FED, embedder=Flat())
    assert verdict.label == "not"
    assert "12" in verdict.unsupported
    assert any("12" in reason for reason in verdict.reasons)


def test_nothing_is_supported_by_nothing(embedder):
    assert check("Artists share parameters.", ()).label == "not"
    assert check("Artists share parameters.", ("",), embedder=embedder).label == "not"
    assert check("It is so.", FED).reasons == ("it says nothing that could be checked",)


def test_numbers_are_compared_by_value_and_by_unit():
    assert not objections(align("It used two servers and 1500 images.", ("It used 2 servers and 1,500 images.",)))
    assert [o.kind for o in objections(align("It grew by 30 %.", ("It grew by 30 points.",)))] == ["number"]
    assert objections(align("It grew from 40 to 30.", ("It grew from 30 to 40.",)))


def test_a_hedge_may_be_added_but_not_dropped():
    passage = ("The method may reduce leakage.",)
    assert [o.kind for o in objections(align("The method reduces leakage.", passage))] == ["strength"]
    assert not objections(align("The method may reduce leakage.", ("The method reduces leakage.",)))


def test_not_only_denies_nothing():
    assert not any(token.negated for token in content_tokens("Models not only present robustness but also more."))
    assert [t.text for t in content_tokens("They did not reduce it.") if t.negated] == ["reduce"]


def test_opposites_by_list_and_by_prefix():
    assert are_opposite("higher", "lower")
    assert are_opposite("common", "uncommon")
    assert not are_opposite("common", "common")


def test_every_feature_speaks_for_support_as_it_should(embedder):
    near = features("FedStyle lets artists share model parameters.", FED, embedder)
    far = features("Kangaroos of 1987 crossed the Pacific with Lord Nelson.", FED, embedder)
    assert near["alike"] > far["alike"]
    assert near["lost names"] < far["lost names"]
    assert near["numbers"] > far["numbers"]
    high = support("FedStyle lets artists share model parameters.", FED, embedder)
    assert high > 0.5 > 0.2 > support("Kangaroos of 1987 crossed the Pacific with Lord Nelson.", FED, embedder)


class Says:
    """An NLI model of one opinion."""

    def __init__(self, score):
        self.score = score

    def scores(self, pairs):
        return np.full(len(pairs), self.score, np.float32)


def test_an_nli_model_decides_but_not_over_an_objection():
    paraphrase = "Creators exchange weights without revealing their pictures."
    assert check(paraphrase, FED, nli=Says(0.9)).label == "supported"
    assert check("Artists train local style models.", FED, nli=Says(0.05)).label != "supported"
    assert check("swap the query and keep key and value", VSP, nli=Says(0.99)).label == "not"


@pytest.fixture
def cross_encoder(tmp_path):
    """Make a tiny cross-encoder whose answer is always the second of the given labels."""

    def make(*labels):
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "artists", "share", "parameters"]
        (tmp_path / "vocab.txt").write_text("\n".join(words))
        BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        model = BertForSequenceClassification(
            BertConfig(vocab_size=len(words), id2label=dict(enumerate(labels)), **sizes)
        )
        with torch.no_grad():
            model.classifier.weight.zero_()
            model.classifier.bias.copy_(torch.tensor([0.0, 6.0, 0.0][: len(labels)]))
        model.save_pretrained(tmp_path)
        return Entailment(str(tmp_path))

    return make


def test_a_real_cross_encoder_is_read_by_the_names_of_its_labels(cross_encoder):
    pairs = [("artists share parameters", "artists share"), ("a", "b")]
    assert (cross_encoder("contradiction", "entailment", "neutral").scores(pairs) > 0.98).all()
    assert (cross_encoder("ENTAILMENT", "neutral", "contradiction").scores(pairs) < 0.01).all()
    assert (cross_encoder("entailment", "not_entailment").scores(pairs) < 0.01).all()
    assert cross_encoder("entailment", "neutral").scores([]).shape == (0,)
    with pytest.raises(EmbedderUnavailable, match=r"no label for entailment.*UNDERTONE_NLI"):
        cross_encoder("bad", "good").scores(pairs)


def test_a_real_cross_encoder_decides_and_what_is_objected_stays_refused(cross_encoder):
    sure = cross_encoder("contradiction", "entailment", "neutral")
    assert check("Creators exchange weights without revealing their pictures.", FED, nli=sure).label == "supported"
    assert check("swap the query and keep key and value", VSP, nli=sure).label == "not"
    unsure = cross_encoder("entailment", "contradiction", "neutral")
    assert check("Artists train local style models.", FED, nli=unsure).label == "not"
    assert check(ADDRESS, FED, nli=unsure).label == "supported"  # its own words need no judge


def test_a_cross_encoder_is_loaded_when_it_is_asked_and_a_bad_name_says_what_to_do(tmp_path):
    nowhere = load_entailment(str(tmp_path / "nowhere"))
    with pytest.raises(EmbedderUnavailable, match=r"nowhere.*UNDERTONE_NLI"):
        nowhere.scores([("a", "b")])


def test_the_nli_model_is_named_in_the_environment():
    assert read_settings({}).nli is None
    assert (
        read_settings({"UNDERTONE_NLI": "cross-encoder/nli-deberta-v3-small"}).nli
        == "cross-encoder/nli-deberta-v3-small"
    )


@pytest.mark.parametrize(
    "sentence, passage",
    [
        ("Few artists possess a style.", "Most artists possess a style."),
        ("The methods surpass the rest.", "The models outperform the methods and surpass the rest."),
        ("Style is biased toward textures.", "Style is new since networks are biased toward textures."),
        ("It reflects the prompts.", "It reflects the style and ensures that resulting images match the prompts."),
        ("Models achieve controlled generation.", "Models face challenges in achieving controlled generation."),
        (
            "The key is swapped with those from original features.",
            "We keep the query from original features while swapping the key with those from reference features.",
        ),
    ],
)
def test_words_that_their_passage_makes_go_apart_are_not_put_together(sentence, passage):
    assert check(sentence, [passage]).label != "supported"


def test_a_light_word_may_be_the_sentences_own():
    assert check("No fine-tuning is needed.", ["It allows for prompting without any fine-tuning."]).label == "supported"
