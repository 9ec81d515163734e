"""What is read from the agent's messages: answers, runs, proposals, and where the conversation stands."""

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from app.agent.history import REQUEST, read_history, state_of
from app.answers import Citation, CitedAnswer, Section, Sentence, Source
from app.understanding.request import Request, Run, StyleShare

ARGUMENTS = {
    "subject": "a mug",
    "styles": [{"text": "ink", "weight": 3}, {"text": "chalk", "weight": 1}],
    "method": "prompt",
}


def asked(message: str, **slots) -> HumanMessage:
    request = Request(message=message, kind=slots.pop("kind", "ask"), question=message, **slots)
    return HumanMessage(message, additional_kwargs={REQUEST: request.model_dump(mode="json")})


def told(*documents: str) -> AIMessage:
    sentences = tuple(Sentence("It is so.", "claim", (Citation(d, 0, 9, "It is so."),)) for d in documents)
    sources = tuple(Source(d, "paper", f"{d.title()}: A Study", None, None) for d in dict.fromkeys(documents))
    return CitedAnswer("why?", "answered", "reader", 0.0, (Section("", sentences),), sources).to_message()


def proposed(tool: str = "blend_styles", **more) -> AIMessage:
    call = {"name": tool, "args": {**ARGUMENTS, **more}, "id": "c1", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def test_a_proposal_is_the_last_run_until_something_is_made():
    history = read_history([asked("blend"), proposed()])
    assert history.last["arguments"]["subject"] == "a mug"
    (run,) = state_of(history).runs
    assert run == Run("blend", "a mug", (("ink", 0.75), ("chalk", 0.25)), "prompt", is_done=False)


def test_a_finished_run_is_kept_with_its_arguments_and_artifact():
    result = ToolMessage("done", name="run_experiment", tool_call_id="c1", artifact={"verdict": "It flips."})
    history = read_history([asked("flip"), proposed("run_experiment", experiment="flip"), result])
    assert history.proposed is None and history.made[0].artifact == {"verdict": "It flips."}
    (run,) = state_of(history).runs
    assert (run.tool, run.is_done) == ("experiment:flip", True)


def test_documents_spoken_of_come_from_the_answers():
    state = state_of(read_history([asked("a"), told("emu"), asked("b"), told("lion", "zebra", "zebra")]))
    assert (state.spoken, state.focus, state.earlier) == (("lion", "zebra"), "zebra", ("emu",))
    assert {known.title for known in state.documents} == {"Emu: A Study", "Lion: A Study", "Zebra: A Study"}


def test_what_was_asked_back_is_open_until_the_next_message():
    messages = [asked("ink and chalk", runner_up="render")]
    assert read_history(messages).open.message == "ink and chalk"
    assert read_history([*messages, asked("hello", kind="social")]).open is None


def test_the_styles_spoken_of_last_are_those_of_the_last_question_that_named_two():
    styles = (StyleShare(text="ink", share=0.5), StyleShare(text="chalk", share=0.5))
    assert read_history([asked("why?", styles=styles), asked("and?")]).styles == (("ink", 0.5), ("chalk", 0.5))
