"""Names: what people call a document, and where a text calls it so."""

from ingest.documents import Document
from ingest.names import named_documents, short_name, without_names


def test_documents_are_named_by_short_name_id_or_repository(seed_index):
    documents = seed_index.documents()

    def named(question):
        return [d.id for d in named_documents(question, documents)]

    assert named("Compare WSAM with FedStyle") == ["wsam", "fedstyle"]
    assert named("what is henmixReal?") == ["henmixreal"]
    assert named("how does Visual Style Prompting work?") == ["visual-style-prompting"]
    assert named("what is a style?") == []


def test_short_names():
    assert short_name("FedStyle: Style-Based Federated Learning") == "FedStyle"
    assert short_name("Visual Style Prompting with Swapping Self-Attention") == "Visual Style Prompting"


def test_initials_and_spellings_name_a_document(seed_index):
    documents = seed_index.documents()

    def named(question):
        return [d.id for d in named_documents(question, documents)]

    assert named("How does VSP work?") == ["visual-style-prompting"]
    assert named("does SD 1.5 know cats?") == named("what's in stable-diffusion-1.5?") == ["henmixreal"]
    assert named("a vspeech model") == []


def test_what_is_left_without_the_names(seed_index):
    documents = seed_index.documents()
    assert without_names("What does Visual Style Prompting keep?", documents) == "What does keep?"
    assert without_names("Compare WSAM with FedStyle", documents) == "Compare with"
    assert without_names("What is a style?", documents) == "What is a style?"


def test_a_common_word_is_no_name():
    documents = [Document("p1", "paper", "Background: what we knew", "It was known.", None, None)]
    assert named_documents("What is the background of the study?", documents) == ()
