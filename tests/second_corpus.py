"""A second corpus, made up: what holds for the four documents must hold for these as well."""

from ingest.documents import Document

TEXTS = {
    "TideCast: Forecasting Harbour Currents from Ferry Logs": (
        "Harbour pilots depend on current forecasts, yet most ports have no sensors of their own. "
        "Numerical ocean models are too coarse for narrow channels and take hours to run. "
        "We propose TideCast, which learns currents from the position logs of ferries. "
        "Given a day of positions and engine settings, the model first removes the wind with a recurrent filter. "
        "It then fits a graph network whose nodes are buoys and whose edges are channels. "
        "The output is a map of speed and direction for the next six hours. "
        "On two harbours TideCast halves the error of the official tables."
    ),
    "LoafScope: Watching Fermentation with a Cheap Microphone": (
        "Bakers judge dough by eye, which is slow to learn and hard to repeat. "
        "Gas sensors are accurate but cost more than an oven. "
        "This paper presents LoafScope, an acoustic monitor for rising dough. "
        "A contact microphone records the bubbles for ten seconds every minute. "
        "We transform the recording into a spectrogram and classify it with a small convolutional network. "
        "LoafScope predicts the moment to bake within eight minutes and sends it to a phone. "
        "In a trial with twelve bakeries, wasted dough fell by a fifth."
    ),
    "Night Shifts and Memory in Nurses: A Cohort Study": (
        "Shift work disturbs sleep, but its effect on memory is disputed. "
        "The aim of this study was to test whether rotating night shifts impair word recall. "
        "We followed 412 nurses in three hospitals for two years. "
        "Recall was measured every six months with lists of thirty words. "
        "Nurses on rotating shifts recalled three words fewer than day workers. "
        "The difference vanished one year after they returned to day work. "
        "We conclude that the impairment is reversible."
    ),
    "MothNet: Counting Moths in Street Light": (
        "Insect numbers decline, and street lights are suspected of a part in it. "
        "Existing light traps kill the animals that they count. "
        "To count moths without harm, we introduce MothNet, a detector for video under street lamps. "
        "The network compares neighbouring frames and ignores what stays still. "
        "During training we paste drawn moths into empty videos instead of labelling real ones. "
        "MothNet counts within five per cent of an expert. "
        "Our code is available at https://example.org/mothnet."
    ),
}
LINKS = {"TideCast": ("https://arxiv.org/abs/0000.00001", "https://github.com/example/tidecast"),
         "LoafScope": ("https://arxiv.org/abs/0000.00002", None),
         "MothNet": (None, "https://github.com/example/mothnet")}  # fmt: skip


def documents() -> list[Document]:
    """Return the corpus, each with the field lines that a file's front matter gives."""
    found = []
    for title, body in TEXTS.items():
        name = title.split(":")[0]
        paper, github = LINKS.get(name, (None, None))
        fields = [
            f"Model: {title}",
            *([f"Paper: {paper}"] if paper else []),
            *([f"GitHub: {github}"] if github else []),
        ]
        text = "\n\n".join([body, "\n".join(fields)])
        found.append(Document(name.lower().replace(" ", "-"), "paper", title, text, paper, github))
    return found
