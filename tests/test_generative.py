"""Language models as engines, over a real HTTP server and the whole agent: what they say is shown as it stands up."""

import json
import re
import shutil
import time
import uuid
from pathlib import Path

import pytest
import streamlit as st
from langgraph.checkpoint.memory import InMemorySaver
from streamlit.testing.v1 import AppTest

from app.__main__ import main
from app.agent.engines import load_chat_model
from app.agent.graph import build_agent
from app.answering.starters import SEED_QUESTION
from app.answers import Partial
from app.conversation.chat import Chat
from app.conversation.transcripts import answer_as_markdown
from app.generation import client, composition
from app.settings import read_settings
from tests.chat_server import ChatServer, calls, number_of, part, planned, written
from tests.evals.hostile import FREE, GOOD, HONEST, KEY, NARROW, SCRIPTS, SWAP, play, settings_of
from tests.evals.planning import SHAPES
from tools.registry import build_tools

ROOT = Path(__file__).resolve().parent.parent
WRONG = ("The key and value are swapped in the early self-attention layers.", SWAP)
RIGHT = ("The key and value are swapped in the late self-attention layers.", SWAP)
PARAPHRASE = ("Nothing has to be trained anew before a style can be asked for.", FREE)


@pytest.fixture
def server():
    server = ChatServer(written(*HONEST))
    yield server
    server.close()


@pytest.fixture
def open_chat(server, searcher, tmp_path, monkeypatch):
    """Open the whole agent with a language model; the search is the real one."""
    monkeypatch.setattr(client, "BACKOFF_S", 0.01)

    def open_chat(limit_s=20.0, **environ):
        settings = read_settings({**settings_of(server.url, tmp_path, limit_s), **environ})
        tools = build_tools(searcher, settings.image_model, settings.renders)
        return Chat(build_agent(load_chat_model(settings), tools, InMemorySaver()), None)

    return open_chat


@pytest.fixture
def ask(open_chat, server):
    """Ask one question; returns the answer."""

    def ask(*script, question=NARROW, limit_s=20.0, **environ):
        server.play(*script)
        *_, answer = open_chat(limit_s, **environ).ask(uuid.uuid4().hex, question)
        return answer

    return ask


def claims(answer):
    return [s.text for s in answer.sentences if s.kind == "claim"]


def fell_back(answer):
    assert answer.engine == "reader"
    assert answer.checked.line().startswith("The reader answered: ")
    assert any("swapping the key and value" in text for text in claims(answer))
    return answer.checked.note


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_nothing_unsupported_reaches_the_page(script, server, open_chat, seed_index):
    chat = open_chat(limit_s=1.0)
    outcome, answer = play(script, server, chat)
    assert outcome.through == ()
    assert len(server.requests) <= 2 * client.TRIES
    for citation in (c for s in answer.sentences for c in s.citations):
        assert seed_index.document(citation.document_id).text[citation.start : citation.end] == citation.quote
    corpus = " ".join(d.text for d in seed_index.documents())
    shown = "\n".join(answer_as_markdown(answer))
    assert all(link.rstrip(".,)") in corpus for link in re.findall(r"https?://[^\s\"”]+", shown))
    assert not re.search(r"<[a-z/!]|!\[|\]\(", shown)
    assert not any("9999" in json.dumps(proposal) for proposal in answer.proposals)
    if answer.checked and answer.engine != "reader":
        assert len(claims(answer)) + answer.checked.dropped >= answer.checked.checked
        assert answer.checked.planner == "openai:m"


def test_an_honest_model_is_heard_and_its_quotes_are_cited(ask, server):
    answer = ask(written(*HONEST))
    assert answer.engine == "openai:m"
    assert claims(answer) == [HONEST[0][0], HONEST[1][0]]
    assert answer.sentences[1].citations[0].quote.startswith(FREE)
    assert [s.confirmed for s in answer.sentences] == ["near-quotation", "near-quotation"]
    assert (answer.checked.checked, answer.checked.dropped, answer.checked.note) == (2, 0, None)
    assert [s.document_id for s in answer.sources] == ["visual-style-prompting"]
    (request,) = server.requests
    assert request["stream"] and request["model"] == "m" and "tools" not in request
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_the_search_comes_first_and_the_model_is_told_what_it_found(ask, server):
    ask(written(*HONEST))
    (request,) = server.requests
    assert part(request, "question") == NARROW
    listed = part(request, "passages").splitlines()
    assert listed[0] == "Visual Style Prompting" and listed[1].startswith("[1] ") and SWAP in listed[1]
    assert part(request, "conversation") is None
    assert request["max_tokens"] == client.MAX_REPLY_TOKENS


def test_structured_output_is_asked_for_until_the_server_refuses_it(open_chat, server):
    server.takes_schema = False
    server.play(written(*HONEST))
    chat = open_chat()
    for _ in range(2):
        *_, answer = chat.ask(uuid.uuid4().hex, NARROW)
        assert answer.engine == "openai:m"
    assert ["response_format" in request for request in server.requests] == [True, False, False]
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["sections", "missing"]


def test_a_server_whose_template_knows_no_system_prompt_is_told_in_the_question(open_chat, server):
    server.takes_system = False
    server.play(written(*HONEST))
    chat = open_chat()
    for _ in range(2):
        *_, answer = chat.ask(uuid.uuid4().hex, NARROW)
        assert answer.engine == "openai:m"
    assert [request["messages"][0]["role"] for request in server.requests] == ["system", "system", "user", "user"]
    assert "You answer one question" in server.requests[-1]["messages"][0]["content"]


def test_a_request_that_is_refused_once_changes_nothing_for_the_next(open_chat, server):
    server.play(400, 400, 400, written(*HONEST))
    chat = open_chat()
    *_, first = chat.ask("a", NARROW)
    assert "refused the request (HTTP 400)" in fell_back(first)
    *_, second = chat.ask("b", NARROW)
    assert second.engine == "openai:m" and "response_format" in server.requests[-1]


def test_a_title_lends_names_and_no_claim(ask):
    only_a_title = ("Visual Style Prompting with Swapping Self-Attention.", FREE)
    named = ("Visual Style Prompting keeps the query while swapping the key and value.", SWAP)
    answer = ask(written(only_a_title, named))
    assert named[0] in claims(answer) and only_a_title[0] not in claims(answer)


def test_where_the_check_itself_breaks_the_reader_answers(ask, monkeypatch):
    monkeypatch.setattr(composition, "confirm", lambda *_: {}["broken"])
    assert "could not be used (KeyError)" in fell_back(ask(written(*HONEST)))


# it plans


PLAN = {"UNDERTONE_CHAT_TASK": "plan"}


def test_the_corpus_speaks_as_the_model_plans_it(ask, server):
    answer = ask(planned(("Without fine-tuning", [SWAP, FREE])), **PLAN)
    assert [text.startswith(("During the denoising", "This approach allows")) for text in claims(answer)] == [
        True,
        True,
    ]
    assert answer.checked.line() == "Planned by openai:m; every sentence is the corpus's own"
    assert answer.sections[0].heading == "", "one section needs no heading"
    passages = server.requests[0]["response_format"]["json_schema"]["schema"]["properties"]["sections"]["items"]
    assert passages["properties"]["passages"]["items"]["enum"] == list(range(1, 13))


def test_its_headings_stand_where_their_words_are_the_questions_or_the_passages(ask):
    answer = ask(planned(("What is swapped", [SWAP]), ("Without any fine-tuning", [FREE])), **PLAN)
    assert [s.heading for s in answer.sections] == ["What is swapped", "Without any fine-tuning"]
    answer = ask(planned(("What is swapped", [SWAP]), ("Buy it now", [FREE])), **PLAN)
    assert [s.heading for s in answer.sections] == [""] and len(claims(answer)) == 2


def test_what_it_writes_beside_a_plan_is_not_told(ask):
    answer = ask(written(WRONG, GOOD), **PLAN)
    assert SWAP in claims(answer)[0] and GOOD[0] not in claims(answer)
    assert answer.checked.checked == 0


@pytest.mark.parametrize(
    "plan", [planned(("", [40, 41])), planned(("", [])), planned(missing="training"), lambda _: "no idea"]
)
def test_a_plan_of_nothing_leaves_the_readers_answer(ask, plan):
    fell_back(ask(plan, **PLAN))


def test_a_plan_that_begins_with_what_answers_badly_has_the_readers_passage_before_it(ask):
    answer = ask(planned(("", [FREE, SWAP])), **PLAN)
    assert [SWAP in claims(answer)[0], FREE in claims(answer)[1], len(claims(answer))] == [True, True, 2]


def test_what_is_missing_is_searched_for_once_in_the_corpus_words(open_chat, server):
    server.play(planned(("", [SWAP]), missing="content leakage, price"), planned(("", [SWAP, "content leakage"])))
    *lines, answer = open_chat(**PLAN).ask("c", NARROW)
    assert "Searching the corpus for “content leakage”" in lines
    assert len(server.requests) == 2 and "content leakage" in claims(answer)[1]


def test_what_is_missing_and_unknown_is_not_searched_for(open_chat, server):
    server.play(planned(("", [SWAP]), missing="price of a licence"))
    *lines, answer = open_chat(**PLAN).ask("c", NARROW)
    assert len(server.requests) == 1 and answer.engine == "openai:m"
    assert sum("Searching" in line for line in lines) == 1


def test_where_the_second_plan_fails_the_first_stands(open_chat, server):
    server.play(planned(("", [SWAP]), missing="content leakage"), lambda _: "no idea")
    *_, answer = open_chat(**PLAN).ask("c", NARROW)
    assert answer.engine == "openai:m" and SWAP in claims(answer)[0]


def test_sections_are_told_as_they_are_confirmed(open_chat, server):
    def slowly(request):
        content = planned(("What is swapped", [SWAP]), ("Without any fine-tuning", [FREE]))(request)
        return {"content": content.replace("}, {", "},\n{"), "pause_s": 0.3}

    server.play(slowly)
    events = list(open_chat(**PLAN).ask("c", NARROW))
    (partial,) = [event for event in events if isinstance(event, Partial)]
    assert [s.heading for s in partial.sections] == ["What is swapped"]
    assert [s.heading for s in events[-1].sections] == ["What is swapped", "Without any fine-tuning"]
    assert partial.sources[0].document_id == "visual-style-prompting"


def test_in_a_long_answer_the_plan_leads_and_fills_what_is_under_the_hood(ask):
    free = "ensuring that resulting images match"  # told in no other section
    answer = ask(planned(("", [free, "model parameters rather than"])), question=SEED_QUESTION, **PLAN)
    parts = {s.heading: [x.text for x in s.sentences if x.kind == "claim"] for s in answer.sections}
    assert len(parts["Under the hood"]) >= 1 and "model parameters" in parts["Under the hood"][0]
    told = [c.quote for s in answer.sentences for c in s.citations if len(c.quote) > 40]
    assert len(told) == len(set(told)), "no sentence of the corpus stands twice"


def test_where_all_that_it_plans_is_told_elsewhere_the_readers_section_stays(ask):
    answer = ask(planned(("", [SWAP])), question=SEED_QUESTION, **PLAN)
    assert answer.engine == "openai:m"
    hood = next(s for s in answer.sections if s.heading == "Under the hood")
    assert hood.sentences and not any(SWAP in s.text for s in hood.sentences)


# it writes


def test_of_six_sections_it_writes_the_one_under_the_hood(ask):
    answer = ask(written(*HONEST), question=SEED_QUESTION)
    assert [s.heading for s in answer.sections] == [
        "In short", "Task", "Workflow", "Under the hood", "Papers and tools", "What the corpus does not say",
    ]  # fmt: skip
    hood = next(s for s in answer.sections if s.heading == "Under the hood")
    assert [s.text for s in hood.sentences] == [text for text, _ in HONEST]
    assert len(answer.sources) == 4 and answer.workflow and answer.follow_ups
    assert answer.proposals[0]["tool"] == "blend_styles"


def test_what_is_not_confirmed_gives_way_to_its_passage(ask, server):
    answer = ask(written(WRONG, GOOD))
    assert len(server.requests) == 1, "not asked for again"
    assert SWAP in claims(answer)[0] and claims(answer)[1] == GOOD[0]
    assert answer.checked.line() == (
        "Planned by openai:m; 1 of 2 sentences could not be confirmed and was replaced by its passage "
        "(strict: only near-quotations pass)"
    )


def test_a_misread_passage_that_is_told_already_is_not_told_twice(ask):
    answer = ask(written(RIGHT, WRONG))
    assert claims(answer) == [RIGHT[0]]
    assert (answer.checked.replaced, answer.checked.dropped) == (0, 1)


def test_a_sentence_that_begins_with_a_pronoun_names_nothing(ask):
    answer = ask(written(("It requires costly fine-tuning.", "requiring costly fine-tuning"), GOOD))
    assert not any(text.startswith("It requires") for text in claims(answer))


def test_a_judge_confirms_what_is_said_in_other_words(ask, server):
    server.judge = lambda claim: "Yes" if claim == PARAPHRASE[0] else "No, it does not."
    answer = ask(written(RIGHT, PARAPHRASE), UNDERTONE_CHECK_MODEL="minicheck")
    assert claims(answer) == [RIGHT[0], PARAPHRASE[0]]
    assert [s.confirmed for s in answer.sentences] == ["near-quotation", "minicheck"]
    assert server.judged[0]["model"] == "minicheck"
    assert "all 2 sentences were confirmed (judge: minicheck)" in answer.checked.line()


def test_a_judge_is_asked_passage_and_sentence_alone_and_each_pair_once(open_chat, server):
    server.judge = lambda _: "yes"
    server.play(written(RIGHT, PARAPHRASE))
    chat = open_chat(UNDERTONE_CHECK_MODEL="minicheck")
    for conversation in "ab":
        *_, answer = chat.ask(conversation, NARROW)
        assert PARAPHRASE[0] in claims(answer)
    assert len(server.judged) == 1
    told = server.judged[0]["messages"][-1]["content"]
    assert told.startswith("Document: This approach allows") and told.endswith(f"Claim: {PARAPHRASE[0]}")


def test_a_judge_does_not_overrule_what_stands_in_plain_words(ask, server):
    server.judge = lambda _: "yes"
    answer = ask(written(WRONG, ("The approach takes 16 hours.", FREE)), UNDERTONE_CHECK_MODEL="minicheck")
    assert answer.checked.replaced == 2 and server.judged == []


@pytest.mark.parametrize("says", ["No", "Maybe", "", "I would say yes", 500])
def test_what_a_judge_does_not_plainly_confirm_gives_way(ask, server, says):
    server.judge = lambda _: says
    answer = ask(written(RIGHT, PARAPHRASE), UNDERTONE_CHECK_MODEL="minicheck")
    assert claims(answer)[0] == RIGHT[0] and FREE in claims(answer)[1]
    assert ("could not be asked about 1" in answer.checked.line()) == (says in ("", 500))


def test_no_judge_confirms_a_sentence_that_misses_a_passage(ask, server):
    server.judge = lambda _: "yes"
    answer = ask(written(RIGHT, ("Photographs weigh more.", "no such words")), UNDERTONE_CHECK_MODEL="minicheck")
    assert claims(answer) == [RIGHT[0]] and answer.checked.dropped == 1


def test_a_follow_up_reaches_the_model_with_the_conversation(open_chat, server):
    server.play(written(*HONEST))
    chat = open_chat()
    list(chat.ask("c", NARROW))
    *_, answer = chat.ask("c", "Does it need any fine-tuning?")
    assert answer.searched_for == "Does Visual Style Prompting need any fine-tuning?"
    assert answer.engine == "openai:m"
    told = part(server.requests[-1], "conversation")
    assert told == f"Asked: {NARROW}\nAnswered: {' '.join(text for text, _ in HONEST)}"
    assert part(server.requests[-1], "question") == "Does it need any fine-tuning?"


@pytest.mark.parametrize(
    "question, status",
    [
        ("Who won the football world cup in 1998?", "refused"),
        ("Where is the code of Visual Style Prompting?", "answered"),
        ("Which of the models comes without a paper?", "answered"),
        ("How does FedStyle keep the query while swapping the key and value?", "answered"),
        ("Blend photographic style and digital illustration", "answered"),
        ("Hello", "answered"),
    ],
)
def test_what_the_reader_settles_is_not_asked_of_the_model(ask, server, question, status):
    answer = ask(written(*HONEST), question=question)
    assert (answer.status, answer.engine, answer.checked) == (status, "reader", None)
    assert server.requests == []


def test_the_turn_tells_what_it_is_doing(open_chat, server):
    server.play(written(WRONG, GOOD))
    *lines, _ = open_chat().ask("c", NARROW)
    assert lines[-2:] == ["Writing", "Checking 2 sentences"]


@pytest.mark.parametrize("trouble", [429, 500, 503, "cut", "cut midway", "no json"])
def test_a_passing_trouble_is_tried_again(ask, server, trouble):
    assert ask(trouble, written(*HONEST)).engine == "openai:m"
    assert len(server.requests) == 2


def test_a_lasting_trouble_is_tried_three_times_and_a_refusal_once(ask, server):
    for trouble, tries in ((429, 3), (401, 1), (404, 1)):
        assert f"(HTTP {trouble})" in fell_back(ask(trouble))
        assert len(server.requests) == tries


def test_a_server_is_left_alone_as_long_as_it_wishes(ask, monkeypatch):
    waits = []
    monkeypatch.setattr(client.time, "sleep", waits.append)
    ask(429)
    assert waits == [0.05, 0.05], "its Retry-After, which is more than the backoff here"


@pytest.mark.parametrize("trouble", ["silence", "drip"])
def test_a_slow_server_is_not_waited_for(ask, server, trouble):
    started = time.monotonic()
    assert "took longer than 0.5 s" in fell_back(ask(trouble, limit_s=0.5))
    assert time.monotonic() - started < 5
    assert len(server.requests) == 1


def test_what_came_before_the_time_limit_is_used(ask, server):
    def slowly(request):
        return {"content": planned(("", [SWAP]), ("", [FREE]))(request).replace("}, {", "},\n{"), "pause_s": 2.0}

    answer = ask(slowly, limit_s=1.0, **PLAN)
    assert answer.engine == "openai:m" and len(claims(answer)) == 1 and len(server.requests) == 1


def test_a_reply_that_ended_by_its_length_is_used_and_not_asked_for_again(ask, server):
    def cut(request):
        return {"content": written(*HONEST)(request)[:-40], "finish_reason": "length"}

    assert HONEST[0][0] in claims(ask(cut))
    assert len(server.requests) == 1


def test_a_looping_reply_is_cut(ask, server):
    def looping(request):
        line = f"The key and value are swapped. [{number_of(request, SWAP)}]\n"
        return {"content": line * 500, "pause_s": 0.02}

    started = time.monotonic()
    assert ask(looping, **PLAN).engine == "openai:m"
    assert time.monotonic() - started < 5, "of ten seconds"


def test_a_server_that_fails_at_a_schema_is_asked_once_without(open_chat, server):
    server.takes_schema = 500
    server.play(planned(("", [SWAP])))
    chat = open_chat(**PLAN)
    for _ in range(2):
        *_, answer = chat.ask(uuid.uuid4().hex, NARROW)
        assert answer.engine == "openai:m"
    assert ["response_format" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_server_that_ignores_schemas_is_understood(ask, shape):
    answer = ask(lambda request: shape(number_of(request, SWAP), number_of(request, FREE)), **PLAN)
    assert answer.engine == "openai:m"
    assert [SWAP in claims(answer)[0], FREE in claims(answer)[1]] == [True, True]


def test_a_provider_whose_package_is_missing_leaves_the_reader_and_says_so(ask):
    answer = ask(500, UNDERTONE_CHAT_MODEL="mistralai:m", UNDERTONE_CHAT_URL="")
    assert "pip install langchain-mistralai" in fell_back(answer)


def test_no_server_at_all(ask):
    assert "could not be reached" in fell_back(ask(500, UNDERTONE_CHAT_URL="http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    "name, asked_for",
    [("openai:m", "m"), ("ollama:qwen3:8b", "qwen3:8b"), ("qwen3:8b", "qwen3:8b"), ("meta/llama-3", "meta/llama-3")],
)
def test_a_server_is_asked_for_the_model_by_the_name_it_knows(ask, server, name, asked_for):
    assert ask(written(*HONEST), UNDERTONE_CHAT_MODEL=name).engine == name
    assert server.requests[0]["model"] == asked_for


def test_the_key_of_one_server_is_not_sent_to_another(ask, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    ask(written(*HONEST), UNDERTONE_CHAT_KEY="")
    assert "sk-" not in json.dumps(server.headers)


def test_a_provider_that_calls_its_schema_as_a_tool_is_read_all_the_same(ask):
    def reply(request):
        return calls("answer", json.loads(written(*HONEST)(request)))(request)

    assert ask(reply).engine == "openai:m"


def test_the_page_counts_what_was_checked_and_says_when_the_reader_stepped_in(server, seed_home, tmp_path, monkeypatch):
    home = shutil.copytree(seed_home, tmp_path / "home")
    for name, value in settings_of(server.url, home).items():
        monkeypatch.setenv(name, value)
    st.cache_resource.clear()
    server.play(written(WRONG, GOOD))
    monkeypatch.setenv("UNDERTONE_CHAT_TASK", "write")
    page = AppTest.from_file(str(ROOT / "app" / "page.py"), default_timeout=120).run()
    assert any("A language model writes" in caption.value for caption in page.caption)
    page.chat_input[0].set_value(NARROW).run()
    said = "1 of 2 sentences could not be confirmed and was replaced by its passage (strict: only near-quotations pass)"
    assert f"Planned by openai:m; {said}" in [caption.value.replace("\\", "") for caption in page.caption]
    server.play(401)
    page.chat_input[0].set_value("Does it need any fine-tuning?").run()
    st.cache_resource.clear()
    assert not page.exception
    said = "The reader answered: the language model refused the key (HTTP 401)"
    assert said in [caption.value.replace("\\", "") for caption in page.caption]
    assert not any("early" in block.value for block in page.markdown)


@pytest.mark.parametrize("act", [written(*HONEST), 401, written((f"The key is {KEY}.", SWAP))])
def test_the_key_is_nowhere_to_be_read(server, seed_home, tmp_path, monkeypatch, capfd, caplog, act):
    server.play(act)
    home = shutil.copytree(seed_home, tmp_path / "home")
    environ = settings_of(server.url, home)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    caplog.set_level("DEBUG")
    assert main([NARROW, "--json", "--conversation", "c"]) == 0
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    out, err = capfd.readouterr()
    assert json.loads(out)["checked"] and KEY not in out + err + caplog.text
    kept = [file for file in home.rglob("*") if file.is_file()]
    assert any(file.name == "conversations.sqlite" for file in kept)
    assert [file.name for file in kept if KEY.encode() in file.read_bytes()] == []
    settings = read_settings(environ)
    assert KEY not in repr(settings) + repr(load_chat_model(settings))
