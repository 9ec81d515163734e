"""The reader over the real index: what it answers, from where, and what it refuses."""

import re

import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from app.agent.extractive import ExtractiveModel
from app.agent.history import request_message
from app.answering.starters import SEED_QUESTION
from app.answers import CitedAnswer
from app.understanding.request import Request, StyleShare

LINKS = {
    "http://arxiv.org/pdf/2402.12974v2.pdf",
    "https://github.com/naver-ai/Visual-Style-Prompting",
    "http://arxiv.org/pdf/2404.16336v1.pdf",
    "http://arxiv.org/pdf/2308.14995v1.pdf",
    "https://github.com/fmorenovr/WSAM_Style",
    "https://github.com/Kameronski/stable-diffusion-1.5",
}


@pytest.fixture
def converse(searcher):
    """Ask a list of questions as one conversation; returns the last answer."""

    def ask(*questions: str) -> CitedAnswer:
        messages, reader = [], ExtractiveModel()
        for question in questions:
            messages.append(HumanMessage(question))
            messages.append(reader.invoke(messages))
            while messages[-1].tool_calls and messages[-1].tool_calls[0]["name"] == "search_corpus":
                call = messages[-1].tool_calls[0]
                found = searcher.search(call["args"]["query"], top_k=24)
                messages.append(ToolMessage("", name="search_corpus", tool_call_id=call["id"], artifact=found))
                messages.append(reader.invoke(messages))
            answer = CitedAnswer.from_json(messages[-1].additional_kwargs["cited_answer"])
            for call in messages[-1].tool_calls:
                messages.append(ToolMessage("Not rendered.", name="blend_styles", tool_call_id=call["id"]))
        return answer

    return ask


def claims(answer: CitedAnswer) -> str:
    return " ".join(s.text for s in answer.sentences if s.kind == "claim")


def section(answer: CitedAnswer, heading: str) -> str:
    return " ".join(s.text for part in answer.sections if part.heading == heading for s in part.sentences)


def test_the_seed_question_gets_the_six_sections_and_everything_they_must_hold(converse, seed_index):
    answer = converse(SEED_QUESTION)
    assert [s.heading for s in answer.sections] == [
        "In short",
        "Task",
        "Workflow",
        "Under the hood",
        "Papers and tools",
        "What the corpus does not say",
    ]
    short = section(answer, "In short")
    assert "“photographic style” and “digital illustration”" in short and "does not say how" in short
    assert "keep the query from original features while swapping the key and value" in short
    assert "late self-attention layers" in short and "denoising process" in short
    assert answer.sections[0].sentences[-1].kind == "program"
    assert "consistent style" in section(answer, "Task")
    hood = section(answer, "Under the hood")
    assert "style augmentation algorithm" in hood and "FedStyle" in hood
    assert {s.document_id for s in answer.sources} == {"visual-style-prompting", "fedstyle", "wsam", "henmixreal"}
    tools = section(answer, "Papers and tools")
    assert all(link in tools for link in LINKS)
    not_said = section(answer, "What the corpus does not say")
    assert re.search(r"no paper for \S*henmixReal", not_said)
    assert re.search(r"No passage says how .*stable-diffusion-1\.5.* weighs", not_said)
    assert [stage.stage for stage in answer.workflow] == ["input", "model", "output"]
    assert "henmixReal" in answer.workflow[1].text and "“photographic style”" in answer.workflow[0].text
    (proposal,) = answer.proposals
    assert proposal["tool"] == "blend_styles"
    assert [s["text"] for s in proposal["arguments"]["styles"]] == ["photographic style", "digital illustration"]
    assert proposal["arguments"]["method"] == "prompt"


@pytest.mark.parametrize(
    "question", [SEED_QUESTION, "What is content leakage?", "Compare FedStyle and WSAM", "what is henmixReal?"]
)
def test_every_claim_shows_its_words_and_no_foreign_link(converse, seed_index, question):
    answer = converse(question)
    cited = [c for s in answer.sentences for c in s.citations] + [c for w in answer.workflow or () for c in w.citations]
    assert cited
    for citation in cited:
        assert seed_index.document(citation.document_id).text[citation.start : citation.end] == citation.quote
    corpus = " ".join(d.text for d in seed_index.documents())
    assert all(
        link.rstrip(".") in corpus
        for link in re.findall(r"https?://\S+", str(answer.to_json()))
        for link in [re.split(r"['\"]", link)[0]]
    )


@pytest.mark.parametrize(
    ("question", "document_id", "words"),
    [
        ("What is content leakage?", "visual-style-prompting", "content leakage"),
        ("Does Visual Style Prompting need fine-tuning?", "visual-style-prompting", "without any fine-tuning"),
        ("where is the code of WSAM?", "wsam", "https://github.com/fmorenovr/WSAM_Style"),
        ("which model has no paper?", "henmixreal", "No paper is given for Txt2Img-StableDiffusionV1-henmixReal"),
        ("Which of these uses contrastive learning?", "fedstyle", "contrastive learning"),
        ("how do artists share styles without sharing their artwork?", "fedstyle", "share model parameters"),
        ("what dataset does WSAM report on?", "wsam", "STL-10"),
        ("What is WSAM?", "wsam", "style augmentation algorithm"),
        ("what is henmixReal?", "henmixreal", "Model: Txt2Img-StableDiffusionV1-henmixReal"),
        ("What is the project page of Visual Style Prompting?", "visual-style-prompting", "curryjung.github.io"),
    ],
)
def test_narrow_questions_get_one_to_three_sentences_of_the_right_document(converse, question, document_id, words):
    answer = converse(question)
    assert answer.status == "answered"
    assert words in claims(answer)
    assert [s.document_id for s in answer.sources] == [document_id]
    assert 1 <= sum(s.kind == "claim" for s in answer.sentences) <= 3
    assert all(section.heading == "" for section in answer.sections)


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ((SEED_QUESTION, "and in which layers?"), "late self-attention layers"),
        (
            ("how do artists share styles without sharing their artwork?", "what do they share instead?"),
            "model parameters",
        ),
        (("How does Visual Style Prompting work?", "does it need fine-tuning?"), "without any fine-tuning"),
        (("Compare FedStyle and WSAM", "what about the other one?"), "style augmentation algorithm"),
    ],
)
def test_follow_ups_lean_on_the_turn_before(converse, turns, words):
    assert words in claims(converse(*turns))


def test_show_me_and_new_shares_propose_the_styles_of_the_conversation(converse):
    shown = converse(SEED_QUESTION, "show me").proposals[0]["arguments"]
    assert [s["weight"] for s in shown["styles"]] == [0.5, 0.5]
    again = converse(SEED_QUESTION, "now 80 % illustration").proposals[0]["arguments"]
    assert [(s["text"], s["weight"]) for s in again["styles"]] == [
        ("photographic style", 0.2),
        ("digital illustration", 0.8),
    ]
    assert again["method"] == shown["method"]


@pytest.mark.parametrize(
    "question",
    ["since WSAM swaps keys and values, does it need fine-tuning?", "Why does FedStyle swap keys and values?"],
)
def test_what_holds_for_another_document_is_corrected(converse, question):
    answer = converse(question)
    framing = " ".join(s.text for s in answer.sentences if s.kind == "framing")
    assert "does not say that of" in framing and "Visual Style Prompting" in framing
    assert "swapping the key and value" in claims(answer)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Why does Visual Style Prompting require fine-tuning?", "without any fine-tuning"),
        ("Why do artists in FedStyle share their artworks?", "rather than artworks"),
        ("Isn't it true that Visual Style Prompting needs fine-tuning?", "without any fine-tuning"),
        ("So Visual Style Prompting requires fine-tuning, right?", "without any fine-tuning"),
        ("I thought artists in FedStyle share artworks.", "rather than artworks"),
    ],
)
def test_what_the_document_itself_denies_is_corrected(converse, question, words):
    answer = converse(question)
    assert "does not say so" in answer.sentences[0].text
    assert words in answer.sentences[1].text and answer.sentences[1].kind == "claim"


@pytest.mark.parametrize(
    "question",
    [
        "How do artists share styles without sharing their artwork?",
        "Why does FedStyle use contrastive learning?",
        "Isn't it true that artists share model parameters in FedStyle?",
        "So Visual Style Prompting needs no fine-tuning, right?",
    ],
)
def test_a_true_premise_is_left_alone(converse, question):
    assert not any("does not say" in s.text for s in converse(question).sentences if s.kind == "framing")


def test_a_question_that_finds_nothing_by_itself_is_asked_about_the_turn_before(converse):
    answer = converse("What is FedStyle?", "How tall is Mount Everest?", "how many servers took part?")
    assert answer.status == "missing" and "(FedStyle)" in answer.searched_for  # how many is not said
    assert [source.document_id for source in answer.sources] == ["fedstyle"]


@pytest.mark.parametrize("question", ["is it possible to cook pasta?", "Who discovered the source of the Nile?"])
def test_a_conversation_lends_no_relevance_to_a_foreign_question(converse, question):
    assert converse("What is FedStyle?", question).status == "refused"


@pytest.mark.parametrize(
    "question",
    ["How do I bake sourdough bread?", "Who discovered the source of the Nile?", "What is the capital of Peru?"],
)
def test_a_refusal_names_what_is_covered_and_cites_nothing(converse, question):
    answer = converse(question)
    assert answer.status == "refused"
    assert answer.sources == () and answer.proposals == ()
    (sentence,) = answer.sentences
    assert sentence.kind == "framing" and sentence.citations == ()
    assert "FedStyle" in sentence.text and "WSAM" in sentence.text


def test_what_the_corpus_lacks_and_the_program_may_mean_is_answered_by_the_program(converse):
    answer = converse("does this thing phone home or is it all on my laptop?")
    assert answer.status == "answered" and answer.sources == ()
    assert {s.kind for s in answer.sentences} == {"program"} and "on this machine" in answer.sentences[0].text


@pytest.mark.parametrize("question", ["hello", "what can you do?", "thanks!"])
def test_small_talk_is_about_the_program_only(converse, question):
    answer = converse(question)
    assert answer.status == "answered"
    assert {s.kind for s in answer.sentences} == {"program"}
    assert answer.sources == ()


def test_a_question_that_an_experiment_answers_is_told_what_the_corpus_says_first(converse):
    said = converse("what does swapping key and value actually change in the picture?")
    assert said.sentences[0].kind == "claim"
    assert "swapping the key and value" in said.sentences[0].text
    assert said.proposals[0]["arguments"]["experiment"] == "reference"
    silent = converse("does it matter if i write cyberpunk first or ukiyo-e first? try both")
    assert silent.sentences[0].text.startswith("Nothing on it was found in the corpus")
    assert not claims(silent)
    assert silent.proposals[0]["arguments"]["experiment"] == "order"
    told_to = converse("render oil painting and pixel art in both orders, a mug")
    assert "corpus" not in " ".join(s.text for s in told_to.sentences), "nothing is asked that the corpus could answer"


def test_a_short_form_of_the_seed_question_is_explained_as_the_long_one_is(converse):
    answer = converse("I used watercolor and pixel art in one prompt. What happens with the weights?")
    assert [s.heading for s in answer.sections][:3] == ["In short", "Task", "Workflow"]
    (proposed,) = [proposal["arguments"].get("experiment") for proposal in answer.proposals]
    offered = {"flip": "At which weight", "order": "Does the order"}
    assert {name for name, said in offered.items() if any(said in one for one in answer.follow_ups)} == {*offered} - {
        proposed
    }, "what is proposed already is not suggested again"


def test_where_the_corpus_says_nothing_of_a_mix_a_render_of_it_is_offered(converse):
    answer = converse("what does the network do when I write cyberpunk and baroque together")
    assert not claims(answer)
    assert [style["text"] for style in answer.proposals[0]["arguments"]["styles"]] == ["cyberpunk", "baroque"]


def test_what_the_program_may_be_asked_is_not_answered_with_a_render(searcher):
    message = "what does the network do when I write cyberpunk and baroque together"
    styles = (StyleShare(text="cyberpunk", share=0.5), StyleShare(text="baroque", share=0.5))
    asked = request_message(Request(message=message, kind="ask", fallback="program", question=message, styles=styles))
    searched = ExtractiveModel().invoke([asked])
    found = ToolMessage("", name="search_corpus", tool_call_id="c", artifact=searcher.search(message, top_k=24))
    answer = CitedAnswer.from_json(ExtractiveModel().invoke([asked, searched, found]).additional_kwargs["cited_answer"])
    assert not answer.proposals
    assert {s.kind for s in answer.sentences} == {"program"}
