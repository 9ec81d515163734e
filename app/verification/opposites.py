"""Words and their opposites, by a list and by their prefixes. Knows no sentences."""

from __future__ import annotations

import re
from functools import lru_cache

from app.understanding.stems import stem

_OPPOSITES = """
more less fewer|most least fewest|higher lower|high low|highest lowest|greater smaller lesser|larger smaller|large small
bigger smaller|longer shorter|long short|faster slower|fast slow|better worse|best worst|stronger weaker|strong weak
increase decrease reduce decline diminish reduction drop fall|reduction increase rise gain|increasing decreasing|rise fall drop|raise lower|improve worsen impair degrade
earlier later|early late|before after|above below|over under|up down|upregulate downregulate|gain loss|superior inferior
superiority inferiority|exceed undercut|surpass trail|majority minority|maximum minimum|maximize minimize
positive negative|positively negatively|active inactive|activate inhibit inactivate suppress block|activation inhibition
promote inhibit prevent suppress|enhance reduce impair weaken|accelerate slow delay|strengthen weaken|upper lower|closer further farther
near far|close apart|similar different dissimilar|same different other|common rare uncommon|frequent rare infrequent
frequently rarely seldom|often rarely seldom|always never sometimes|all some none few|every no|many few|presence absence
present absent|include exclude|including excluding|with without|keep swap change drop discard|keep swapping|add remove
benefit harm|beneficial harmful|protective harmful|protect expose|safe unsafe dangerous|success failure|succeed fail
succeed fails|able unable|possible impossible|likely unlikely|rapid slow|rapidly slowly|young old|younger older|first last
early advanced|internal external|inner outer|left right|male female|men women|man woman|acute chronic|simple complex
easy difficult hard|expensive cheap|costly cheap|cheaper costlier|consistent inconsistent|robust fragile
vulnerable robust|abstract concrete|local global|late early|novel old existing
faithful unfaithful|extreme mild slight|severe mild slight|rich poor|deep shallow|wide narrow|broad narrow|thick thin
dense sparse|hot cold|warm cold|heavy light|bright dark|accurate inaccurate|accurately inaccurately|hinder enable allow
allow prevent forbid|enable prevent hinder|accept reject|agree disagree|support contradict refute|confirm refute
pull push|push pulling|release withhold|maintain lose abandon|worsen ease relieve alleviate
heterogeneous homogeneous|diversity uniformity|diverse uniform|original modified|visible invisible|public private
open closed|begin end|start stop|initial final|front rear|top bottom|inside outside|import export|parallel serial
input output|encoder decoder|supervised unsupervised|minor major|primary secondary
upstream downstream|hyper hypo|prior subsequent|induce prevent inhibit|elevate reduce lower|elevated reduced decreased
decreased increased|down up|sensitive resistant insensitive|sensitivity resistance|susceptible resistant
upregulation downregulation|necessary unnecessary|sufficient insufficient|dependent independent|dependence independence
expand shrink contract|expansion contraction|win lose|winner loser|pass fail|north south|east west|mother father|son daughter
short-term long-term|day night|summer winter|half double|doubled halved|twice half|maternal paternal|rare common
"""


_PREFIXES = (
    "un",
    "in",
    "im",
    "ir",
    "il",
    "dis",
    "non",
    "anti",
    "de",
    "hypo",
    "hyper",
    "mis",
    "under",
    "over",
    "up",
    "down",
)


@lru_cache(maxsize=1)
def _opposite_stems() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in re.split(r"[|\n]", _OPPOSITES):
        stems = [stem(word) for word in line.split()]
        for i, a in enumerate(stems):
            for b in stems[i + 1 :] if i else stems[1:]:
                if a != b and (i == 0):
                    found.setdefault(a, set()).add(b)
                    found.setdefault(b, set()).add(a)
    return {a: frozenset(b) for a, b in found.items()}


def are_opposite(a: str, b: str) -> bool:
    """Say whether two stems turn each other's meaning round: by a list, or by a prefix such as un- or in-."""
    if b in _opposite_stems().get(a, ()):
        return True
    short, long = sorted((a, b), key=len)
    return any(long == prefix + short for prefix in _PREFIXES) and len(short) > 3
