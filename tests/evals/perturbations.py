"""Sentences changed by code: false ones that keep nearly every word, and faithful ones that do not keep the order.

Each function takes a sentence and returns the changed one, or None where its pattern does not fit. They know nothing of
the check: their word lists are their own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A sentence, and the other sentences of its document."""

    sentence: str
    others: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()  # names of other documents


def body_of(sentence: str) -> str:
    """Return a sentence without the heading that abstracts print before it (METHODS, MAIN OUTCOME MEASURE)."""
    return re.sub(r"^(?:[A-Z]{4,}|AND|OF|&|BY)(?: (?:[A-Z]{4,}|AND|OF|&|BY|/))*:? +(?=[A-Z0-9])", "", sentence)


Change = Callable[[Source, random.Random], str | None]

_VERBS = """reduce increase decrease inhibit induce promote regulate activate enhance suppress affect cause improve
    mediate control modulate prevent require support address identify produce express target drive block
    generate predict influence alter restore stimulate impair trigger outperform surpass replace encode
    determine reveal develop measure examine investigate compare analyze evaluate assess capture propose
    introduce transfer combine maintain observe detect enable preserve use describe present outline compute
    limit contain treat provide share""".split()
_NOUNS_TOO = frozenset(
    """measure limit control target support share transfer cause influence block drive treat address present
    increase decrease outline use""".split()
)
_IRREGULAR = {"drive": ("drove", "driven"), "find": ("found", "found"), "show": ("showed", "shown")}


def _forms(verb: str) -> dict[str, str]:
    """Return the verb's finite forms, each with its participle."""
    stem = verb.removesuffix("e")
    past, participle = _IRREGULAR.get(verb, (stem + "ed", stem + "ed"))
    if re.search(r"[aeiou](l|t)$", verb) and verb in ("control", "transfer", "limit"):
        past = participle = {"control": "controlled", "limit": "limited"}.get(verb, past)
    if verb == "transfer":
        past = participle = "transferred"
    if stem.endswith("y"):
        past = participle = stem[:-1] + "ied"
    third = stem[:-1] + "ies" if stem.endswith("y") else verb + ("es" if stem.endswith(("ss", "sh", "ch")) else "s")
    return {third: participle, past: participle} | ({} if verb in _NOUNS_TOO else {verb: participle})


PARTICIPLES = {form: participle for verb in _VERBS for form, participle in _forms(verb).items()}
_BASES = {form: verb for verb in _VERBS for form in _forms(verb)}
_NP = r"(?:(?:the|a|an|this|these|our|their|both|such|most|all) )?(?:[A-Za-z0-9α-ωΑ-Ω+/'()-]+ ){0,3}?[A-Za-z0-9α-ωΑ-Ω+/'-]+(?: of (?:the )?[A-Za-z0-9-]+(?: [a-z0-9-]+)?)?"
_STOP = r"(?=(?: (?:in|by|with|through|for|during|from|to|and|which|that|via|at|on|while|without|as|using|but|among|between|when|after|before|into|across|under|rather|due)\b|[,.;:]))"
_ACTIVE = re.compile(
    rf"^(?P<pre>(?:[A-Z][^,.;:]*, )?)(?P<a>{_NP}) (?P<verb>{'|'.join(sorted(PARTICIPLES))}) (?P<b>{_NP}){_STOP}(?P<post>.*)$"
)
_PASSIVE = re.compile(
    rf"^(?P<a>{_NP}) (?P<be>is|are|was|were) (?P<verb>{'|'.join(sorted(set(PARTICIPLES.values())))}) by (?P<b>{_NP}){_STOP}(?P<post>.*)$"
)
_NAME = re.compile(r"(?<![\w-])(?:[A-Z][a-z]*[A-Z0-9][\w-]*|[A-Z]{2,}[\w-]*)(?![\w-])")
_NO_NP = re.compile(
    r"\b(is|are|was|were|be|been|that|which|who|we|it|they|to|can|may|could|has|have|had|not|and|or|in|by|with|for|on|at|as|than|also|while|how|whether)\b",
    re.I,
)
_PREPOSITION = r"In|On|At|By|For|From|With|Within|Without|During|Through|Across|Among|After|Before|Under|Despite|To|Using|Over|Between|Via|Throughout|Upon|Along with|Compared with|As|Given|Based on"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:] if not re.match(r"[A-Z][\w-]*[A-Z0-9]|I\b", text) else text


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


# False: each keeps most words and says something else


def number_changed(source: Source, rng: random.Random) -> str | None:
    found = [m for m in re.finditer(r"(?<![\w.,+/-])\d+(?:[.,]\d+)*(?![\w/-])", source.sentence)]
    if not found:
        return None
    chosen = rng.choice(found)
    others = re.findall(r"(?<![\w.,+/-])\d+(?:[.,]\d+)*(?![\w/-])", " ".join(source.others))
    others = [n for n in others if n not in source.sentence]
    value = chosen.group()
    if others and rng.random() < 0.5:
        new = rng.choice(others)
    else:
        digits = list(value)
        places = [i for i, c in enumerate(digits) if c.isdigit()]
        i = rng.choice(places)
        digits[i] = str((int(digits[i]) + rng.randint(1, 8)) % 9 + 1)
        new = "".join(digits)
    return source.sentence[: chosen.start()] + new + source.sentence[chosen.end() :] if new != value else None


def negation_added(source: Source, rng: random.Random) -> str | None:
    if re.search(r"\b(not|no|without|never|neither|nor|cannot)\b", source.sentence):
        return None
    if found := list(
        re.finditer(r"\b(is|are|was|were|can|could|will|should|would|may|might)\b(?! be\b)", source.sentence)
    ):
        end = rng.choice(found).end()
        return source.sentence[:end] + " not" + source.sentence[end:]
    for found_verb in re.finditer(r"\b[a-z]+\b", source.sentence):
        form = found_verb.group()
        if form in _BASES and (form.endswith("s") or (form.endswith("ed") and _ACTIVE.match(source.sentence))):
            does = "does" if form.endswith("s") else "did"
            return (
                source.sentence[: found_verb.start()]
                + f"{does} not {_BASES[form]}"
                + source.sentence[found_verb.end() :]
            )
    return None


def negation_dropped(source: Source, rng: random.Random) -> str | None:
    turned = [
        (
            r"\b(did|do|does|is|are|was|were|has|have|had|could|would|should|will|may|can|but|and|or) not\b(?! only)",
            r"\1",
        ),
        (r"\bcannot\b", "can"),
        (r"\bnever ", ""),
        (r"\bwithout\b", "with"),
        (r"\b[Nn]o (?=[a-z])", "a "),
        (r"\bneither (.+?) nor\b", r"both \1 and"),
        (r"\brather than\b", "and"),
        (r"\brarely ", ""),
        (r"\bfailed to\b", "managed to"),
    ]
    fitting = [(p, r) for p, r in turned if re.search(p, source.sentence)]
    if not fitting:
        return None
    pattern, new = rng.choice(fitting)
    return _upper(re.sub(pattern, new, source.sentence, count=1))


def name_swapped(source: Source, rng: random.Random) -> str | None:
    """Exchange two names of the sentence."""
    found = list(_NAME.finditer(source.sentence))
    pairs = [
        (a, b)
        for a in found
        for b in found
        if a.end() < b.start()
        and a.group() != b.group()
        and (gap := source.sentence[a.end() : b.start()])
        and re.search(r"\b(?!and\b|or\b)[a-z]{3,}", gap)  # no mere list of names
        and len(re.findall(r"[A-Za-z]{3,}", gap)) > 1
        and not re.fullmatch(r"[\s,()/]*(\w+,? )*(and|or)[\s(]*", gap)
        and "(" not in gap
    ]
    pairs = [(a, b) for a, b in pairs if source.sentence.count(a.group()) == source.sentence.count(b.group()) == 1]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    s = source.sentence
    return s[: a.start()] + b.group() + s[a.end() : b.start()] + a.group() + s[b.end() :]


def name_replaced(source: Source, rng: random.Random) -> str | None:
    """Put another name in: one of the document's, or one from elsewhere."""
    found = list(_NAME.finditer(source.sentence))
    inside = [n for n in _NAME.findall(" ".join(source.others)) if n not in source.sentence]
    pool = inside if inside and rng.random() < 0.5 else list(source.elsewhere)
    pool = [n for n in pool if n not in source.sentence]
    if not found or not pool:
        return None
    chosen = rng.choice(found)
    return source.sentence[: chosen.start()] + rng.choice(pool) + source.sentence[chosen.end() :]


def role_swapped(source: Source, rng: random.Random) -> str | None:
    """Exchange who does it and to what it is done; or what two verbs of the sentence are done to."""
    s = source.sentence
    if two := re.search(
        r"\b(keep|maintain|reduc\w+|increas\w+|decreas\w+|inhibit\w*|promot\w+|enhanc\w+|pulling|retain\w*) (?P<a>(?:the )?[\w-]+(?: [\w-]+)?)(?P<mid>.{2,60}?\b(?:swapping|increas\w+|decreas\w+|reduc\w+|inhibit\w*|enhanc\w+|promot\w+|keeping|induc\w+) )(?P<b>(?:the )?[\w-]+(?: [\w-]+)?)(?=[ ,.;])",
        s,
    ):
        if not _NO_NP.search(two["a"]) and not _NO_NP.search(two["b"]):
            return s[: two.start("a")] + two["b"] + two["mid"] + two["a"] + s[two.end("b") :]
    if passive := _PASSIVE.match(s):
        if not _NO_NP.search(passive["a"]) and not _NO_NP.search(passive["b"]):
            return (
                f"{_upper(passive['b'])} {passive['be']} {passive['verb']} by {_lower(passive['a'])}{passive['post']}"
            )
    m = _clean_active(s)
    if m:
        a, b = (m["b"], _lower(m["a"]))
        return f"{m['pre']}{a if m['pre'] else _upper(a)} {m['verb']} {b}{m['post']}"
    if than := re.search(
        r"(?P<a>[\w-]+) (?P<mid>(?:(?:\w+ ){0,3}?)(?:higher|lower|more|less|greater|better|larger|smaller)(?: \w+){0,4}? than (?:in |the |that of |those of )?)(?P<b>[\w-]+)(?=[ ,.;])",
        s,
    ):
        if not _NO_NP.search(than["a"]) and not _NO_NP.search(than["b"]) and len(than["a"]) > 2:
            return s[: than.start()] + than["b"] + " " + than["mid"] + than["a"] + s[than.end() :]
    return None


def _clean_active(s: str) -> re.Match[str] | None:
    m = _ACTIVE.match(s)
    if (
        not m
        or _NO_NP.search(m["a"])
        or _NO_NP.search(m["b"])
        or "(" in m["a"] + m["b"]
        or m["a"].lower() == m["b"].lower()
    ):
        return None
    if re.search(r"\b(is|are|was|were|be|been|to|has|have)$", m["pre"].strip(" ,")) or re.search(
        r"(ing|ly|ed)$", m["b"].split()[-1]
    ):
        return None
    return m


_TURNS = {
    "higher": "lower", "lower": "higher", "greater": "smaller", "more": "less", "less": "more", "increased": "decreased",
    "decreased": "increased", "increases": "decreases", "increase": "decrease", "decrease": "increase", "reduced": "increased",
    "reduces": "increases", "reduction": "increase", "better": "worse", "best": "worst", "larger": "smaller", "smaller": "larger",
    "longer": "shorter", "shorter": "longer", "faster": "slower", "superiority": "inferiority", "outperform": "underperform",
    "surpass": "fall behind", "improved": "worsened", "improving": "worsening", "most": "least", "stronger": "weaker", "higher-level": "lower-level",
    "closer": "farther", "enhanced": "impaired", "enhances": "impairs", "earlier": "later", "after": "before", "promotes": "inhibits",
    "positively": "negatively", "high": "low", "low": "high", "early": "late", "late": "early", "similar": "different", "before": "after",
    "increasing": "decreasing", "worse": "better", "upregulated": "downregulated", "weak": "strong", "strongly": "weakly", "accurately": "inaccurately",
}  # fmt: skip


def comparative_turned(source: Source, rng: random.Random) -> str | None:
    found = [m for m in re.finditer(r"\b[a-z]+(?:-[a-z]+)?\b", source.sentence) if m.group() in _TURNS]
    if not found:
        return None
    m = rng.choice(found)
    return source.sentence[: m.start()] + _TURNS[m.group()] + source.sentence[m.end() :]


def spliced(source: Source, rng: random.Random) -> str | None:
    """Begin as one sentence and end as another of the same document."""

    def cuts(s: str) -> list[int]:
        marks = re.finditer(
            r"(?:,)? (?=(?:in|by|with|through|for|from|to|is|are|was|were|can|has|have|using|while|which|and|as|at|during|via)\b)",
            s,
        )
        return [m.start() for m in marks if 0.3 < m.start() / len(s) < 0.7 and len(s[: m.start()].split()) > 3]

    mine = cuts(source.sentence)
    candidates = [(o, c) for o in source.others if len(o) > 40 and o != source.sentence for c in cuts(o)]
    if not mine or not candidates:
        return None
    at = rng.choice(mine)
    other, cut = rng.choice(candidates)
    return source.sentence[:at] + other[cut:]


def hedge_dropped(source: Source, rng: random.Random) -> str | None:
    s = re.sub(r"\b(may|might|could) (?=be\b)", "", source.sentence, count=1)
    if s != source.sentence:
        return re.sub(r"\bbe\b", "is", s, count=1)
    s = re.sub(r"\b(may|might|could|possibly|probably|perhaps|likely) (?!not)", "", source.sentence, count=1)
    return s if s != source.sentence else None


# Faithful: the same said in another order, voice or length


def verbatim(source: Source, rng: random.Random) -> str | None:
    return source.sentence


def clause_moved(source: Source, rng: random.Random) -> str | None:
    s = source.sentence
    if m := re.match(
        rf"^((?:{_PREPOSITION})\b[^,;:()]{{5,90}}), ((?:we|the|this|these|it|our|all|most|both|[A-Z])[^;:]*)\.$", s
    ):
        return (
            f"{_upper(m[2])} {m[1][0].lower() + m[1][1:]}."
            if "," not in m[2]
            else f"{_upper(m[2])}, {m[1][0].lower() + m[1][1:]}."
        )
    if m := re.match(r"^([^,;:]{20,}?),? (while|whereas|because|although|when|if) ([^,;:]{15,})\.$", s):
        return f"{_upper(m[2])} {m[3]}, {_lower(m[1])}."
    return None


def voice_turned(source: Source, rng: random.Random) -> str | None:
    s = source.sentence
    if m := _PASSIVE.match(s):
        if not _NO_NP.search(m["a"]) and not _NO_NP.search(m["b"]) and not m["post"].startswith(" and"):
            return f"{_upper(m['b'])} {m['verb']} {_lower(m['a'])}{m['post']}"
    if (m := _clean_active(s)) and not m["post"].startswith(" and"):
        past = m["verb"].endswith("ed")
        many = re.search(r"(?<!s)s$", m["b"].split(" of ")[0]) is not None
        be = ("were" if many else "was") if past else ("are" if many else "is")
        b = m["b"] if m["pre"] else _upper(m["b"])
        return f"{m['pre']}{b} {be} {PARTICIPLES[m['verb']]} by {_lower(m['a'])}{m['post']}"
    if m := re.match(
        rf"^(?P<pre>(?:[A-Z][^,.;:]*, )?)[Ww]e (?P<verb>{'|'.join(sorted(PARTICIPLES))}) (?P<b>{_NP}){_STOP}(?P<post>.*)$",
        s,
    ):
        if not _NO_NP.search(m["b"]) and not m["post"].startswith(" and"):
            b = m["b"] if m["pre"] else _upper(m["b"])
            be = "are" if re.search(r"(?<!s)s$", m["b"].split(" of ")[0]) else "is"
            return f"{m['pre']}{b} {be} {PARTICIPLES[m['verb']]} by the authors{m['post']}"
    return None


def adjunct_dropped(source: Source, rng: random.Random) -> str | None:
    s = source.sentence
    options = []
    if re.search(r" \([^()]*\)", s):
        options.append(re.sub(r" \([^()]*\)", "", s))
    if m := re.match(rf"^(?:{_PREPOSITION})\b[^,;:()]{{5,90}}, (\w.*)$", s):
        options.append(_upper(m[1]))
    if m := re.match(
        r"^(?:However|Moreover|Furthermore|Besides|Meanwhile|Currently|Additionally|Here|Thus|Therefore|In addition|Finally|Importantly|Interestingly|Recently|Notably|Specifically), (\w.*)$",
        s,
    ):
        options.append(_upper(m[1]))
    if m := re.match(
        r"^(.{40,}), (?:which|ensuring|suggesting|indicating|resulting|leading|including|such as|demonstrating|with|as well as|requiring|pulling|best)\b[^,;:]+\.$",
        s,
    ):
        options.append(m[1] + ".")
    if m := re.match(
        r"^(.{40,}?) (?:in|during|through|across|with|using|via|by|for|at) (?:the |a |an )?[^,;:.()]{4,50}\.$", s
    ):
        options.append(m[1] + ".")
    return rng.choice(options) if options else None


def framed(source: Source, rng: random.Random) -> str | None:
    if re.match(r"(It|This|These|They|However|But|And|Thus|Here|Such|[A-Z]{3,})\b", source.sentence):
        return None
    frame = rng.choice(
        ["According to the paper, ", "The authors report that ", "The paper says that ", "In this work, "]
    )
    return (
        frame + re.sub(r"^We\b", "they", source.sentence, count=1)
        if source.sentence.startswith("We ")
        else frame + _lower(source.sentence)
    )


_IN_WORDS = {
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "10": "ten",
}


def number_respelled(source: Source, rng: random.Random) -> str | None:
    """Write a small number in words, or words as a number; a percent sign as a word."""
    s = source.sentence
    if "%" in s:
        return re.sub(r"(?<=\d) ?%", " percent", s)
    new = re.sub(
        r"\b(two|three|four|five|six|seven|eight|nine|ten)\b",
        lambda m: {v: k for k, v in _IN_WORDS.items()}[m[1]],
        s,
        count=1,
    )
    return new if new != s else None


FALSE: dict[str, Change] = {
    "number changed": number_changed,
    "negation added": negation_added,
    "negation dropped": negation_dropped,
    "names swapped": name_swapped,
    "name replaced": name_replaced,
    "roles swapped": role_swapped,
    "comparative turned": comparative_turned,
    "two sentences spliced": spliced,
    "hedge dropped": hedge_dropped,
}
FAITHFUL: dict[str, Change] = {
    "verbatim": verbatim,
    "clauses reordered": clause_moved,
    "voice turned": voice_turned,
    "adjunct dropped": adjunct_dropped,
    "framed": framed,
    "number respelled": number_respelled,
}


def make(change: Change, sources: Sequence[Source], limit: int, seed: int) -> list[tuple[str, Source]]:
    """Apply a change to as many sentences as it fits, at most `limit`, spread over the documents."""
    rng = random.Random(seed)
    shuffled = rng.sample(list(sources), len(sources))
    made = []
    for source in shuffled:
        new = change(source, rng)
        if new is not None and (new != source.sentence or change is verbatim):
            made.append((new, source))
            if len(made) == limit:
                break
    return made


def names_in(text: str) -> list[str]:
    """Return the name-like words of a text: those with a capital or a figure inside."""
    return _NAME.findall(text)
