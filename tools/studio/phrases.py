"""Every way in which captions name styles, objects, colours and settings, and how they put them together.

Of a thing's ways the first is the commonest. No way of naming one style holds a way of naming another.
"""

from __future__ import annotations


def _ways(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


STYLE_WAYS: dict[str, tuple[str, ...]] = {
    "photographic style": _ways(
        "photographic style|photographic style|photo|photograph|photorealistic|realistic photo|photography|"
        "real photograph|colour photo|color photo|camera shot|snapshot|lifelike photo"
    ),
    "digital illustration": _ways(
        "digital illustration|digital illustration|illustration|cartoon|cartoon style|vector illustration|"
        "flat illustration|comic style|comic|digital artwork|storybook illustration|clip art"
    ),
    "watercolor": _ways(
        "watercolor|watercolor|watercolor painting|watercolour|watercolor style|watercolour picture|aquarelle|"
        "watercolors|loose watercolor|watercolor on paper|watercolor wash"
    ),
    "pencil sketch": _ways(
        "pencil sketch|pencil sketch|pencil drawing|sketch|pencil style|graphite drawing|graphite sketch|"
        "hand-drawn sketch|pencil on paper|hatched pencil drawing|pencil lines"
    ),
    "pixel art": _ways(
        "pixel art|pixel art|8-bit pixel art|pixel art style|pixelated|retro pixel art|pixel graphics|8-bit game|"
        "pixel game art|16-bit sprite|video game sprite"
    ),
    "oil painting": _ways(
        "oil painting|oil painting|oil on canvas|oil painting style|oil paint|classical oil painting|"
        "thick oil paint|impasto|oils on canvas|old oil painting|impressionist oil painting"
    ),
    "woodblock print": _ways(
        "woodblock print|woodblock print|ukiyo-e|ukiyo-e print|japanese woodblock print|japanese print|woodcut|"
        "woodblock|ukiyo-e style|woodblock print style|old japanese print"
    ),
    "low-poly": _ways(
        "low-poly|low-poly|low poly|low-poly art|low poly art|low-poly style|low-poly model|low poly render|"
        "polygon art|faceted polygons|low-poly triangles"
    ),
    "stained glass": _ways(
        "stained glass|stained glass|stained glass window|stained-glass|stained glass style|church window|"
        "leaded glass|coloured glass window|stained glass panel|mosaic of glass"
    ),
    "charcoal": _ways(
        "charcoal|charcoal|charcoal drawing|charcoal on paper|charcoal style|charcoal and chalk|smudged charcoal|"
        "charcoal study|burnt charcoal|drawn with charcoal"
    ),
}

STYLE_VERBS: dict[str, tuple[str, ...]] = {
    "photographic style": ("taken as a", "shot as a"),
    "digital illustration": ("drawn as a", "made as a"),
    "watercolor": ("painted in", "painted as a", "done in"),
    "pencil sketch": ("drawn as a", "drawn in the style of a"),
    "pixel art": ("drawn as", "made as", "rendered as"),
    "oil painting": ("painted as an", "painted in the style of an"),
    "woodblock print": ("printed as a", "carved as a"),
    "low-poly": ("modelled as", "rendered as", "made as"),
    "stained glass": ("made of", "set in", "shown in"),
    "charcoal": ("drawn in", "sketched in", "done in"),
}
"""What stands before a style's own name, after the thing that is shown."""

OBJECT_WAYS: dict[str, tuple[str, ...]] = {
    "ball": _ways("ball|ball|sphere|round ball|bouncy ball|rubber ball|globe|orb"),
    "cube": _ways("cube|cube|box|block|wooden block|crate|toy block"),
    "house": _ways("house|house|cottage|home|small house|cabin|hut|farmhouse|little home"),
    "tree": _ways("tree|tree|leafy tree|oak|oak tree|broad tree|maple tree|round tree"),
    "pine": _ways("pine|pine tree|fir|tall fir|christmas tree|spruce|conifer|evergreen tree"),
    "boat": _ways("boat|boat|sailboat|sailing boat|sailing ship|ship|yacht|little ship"),
    "mountain": _ways("mountain|mountain|snowy peak|rocky peak|summit|hill|snow-capped mountain|mountains"),
    "mushroom": _ways("mushroom|mushroom|toadstool|spotted mushroom|fly agaric|mushroom with spots"),
    "mug": _ways("mug|mug|cup|coffee mug|coffee cup|teacup|cup of coffee|mug of cocoa"),
    "car": _ways("car|car|automobile|motor car|toy car|vehicle|sedan"),
    "cat": _ways("cat|cat|kitten|kitty|sitting cat|tabby|pussycat|tomcat"),
    "rocket": _ways("rocket|rocket|spaceship|space rocket|rocket ship|spacecraft|toy rocket"),
    "apple": _ways("apple|apple|ripe apple|fresh apple|apple with a leaf|juicy apple"),
    "teapot": _ways("teapot|teapot|tea pot|kettle|pot of tea|china teapot"),
    "lighthouse": _ways("lighthouse|lighthouse|light house|beacon|striped lighthouse|lighthouse tower"),
    "castle": _ways("castle|castle|fortress|fairy-tale castle|palace|castle with towers|knight's castle"),
    "flower": _ways("flower|flower|blossom|daisy|bloom|blooming flower|flower with petals"),
    "chair": _ways("chair|chair|wooden chair|seat|kitchen chair|dining chair|armchair"),
    "airplane": _ways("airplane|airplane|plane|aeroplane|aircraft|propeller plane|toy plane|flying plane"),
    "robot": _ways("robot|robot|toy robot|android|waving robot|friendly robot|tin robot"),
    "fish": _ways("fish|fish|goldfish|striped fish|tropical fish|swimming fish|clownfish"),
    "duck": _ways("duck|duck|rubber duck|duckling|toy duck|ducky"),
    "umbrella": _ways("umbrella|umbrella|parasol|open umbrella|brolly|sunshade"),
    "balloon": _ways("balloon|hot-air balloon|hot air balloon|striped balloon|air balloon|balloon with a basket"),
    "train": _ways("train|train|steam train|locomotive|steam engine|steam locomotive|toy train|railway engine"),
    "lamp": _ways("lamp|lamp|table lamp|desk lamp|bedside lamp|lampshade|reading lamp"),
    "rabbit": _ways("rabbit|rabbit|bunny|bunny rabbit|hare|easter bunny"),
    "windmill": _ways("windmill|windmill|mill|dutch windmill|old mill|mill with sails"),
    "butterfly": _ways("butterfly|butterfly|moth|spotted butterfly|butterfly with open wings"),
    "star": _ways("star|star|five-pointed star|pointed star|starfish|toy star"),
}

COLOUR_WAYS: dict[str, tuple[str, ...]] = {
    "red": _ways("red|red|bright red|crimson|scarlet|ruby|deep red|cherry red"),
    "orange": _ways("orange|vivid orange|tangerine|deep orange|orange-coloured|pumpkin orange"),
    "yellow": _ways("yellow|vivid yellow|lemon yellow|sunny yellow|canary yellow"),
    "green": _ways("green|vivid green|emerald|leaf green|grass green|emerald green"),
    "blue": _ways("blue|vivid blue|royal blue|deep blue|cobalt blue|azure"),
    "purple": _ways("purple|purple|violet|deep purple|mauve|lilac"),
    "pink": _ways("pink|vivid pink|rose pink|candy pink|rosy"),
    "white": _ways("white|pure white|milk white|ivory|plain white"),
    "black": _ways("black|jet black|pitch black|ebony|coal black"),
    "brown": _ways("brown|dark brown|chocolate brown|chestnut|brownish"),
    "grey": _ways("grey|gray|dark grey|slate grey|silver grey|silver"),
    "turquoise": _ways("turquoise|teal|aqua|cyan|turquoise blue|aquamarine"),
}

SETTING_WAYS: dict[str, tuple[str, ...]] = {
    "meadow": _ways("in a meadow|in a meadow|on a green meadow|in a green field|among flowers|in a flowery meadow|"
                    "on the grass|on a lawn|in the countryside|on a sunny day|in spring"),
    "snow": _ways("in the snow|in snow|in a snowy field|in winter|on a winter day|while it snows|in falling snow|"
                  "in a snowy landscape|during winter|in the cold snow"),
    "beach": _ways("on the beach|on a beach|at the beach|by the sea|at the seaside|on the seashore|by the ocean|"
                   "on a sandy beach|near the sea|in summer"),
    "sunset": _ways("at sunset|at sunset|during sunset|at dusk|in the evening|at sundown|before the setting sun|"
                    "in evening light|under a sunset sky"),
    "night": _ways("at night|at night|by night|under the moon|at midnight|in the moonlight|under the stars|"
                   "on a starry night|in the dark|under a starry sky"),
    "desert": _ways("in the desert|in a desert|on desert sand|among the dunes|beside a cactus|in the hot desert|"
                    "in a dry desert|on the dunes"),
    "forest": _ways("in a forest|in the forest|in the woods|in a wood|among trees|between the trees|in a dark forest|"
                    "deep in the forest"),
    "city": _ways("in a city|in the city|in town|on a street|in front of tall buildings|on the road|downtown|"
                  "before a skyline|in a big city"),
    "lake": _ways("by a lake|by the lake|at a lake|on a lake shore|at a mountain lake|near a lake|lakeside|"
                  "by the water|in the mountains by a lake"),
    "rain": _ways("in the rain|in the rain|on a rainy day|while it rains|in rainy weather|in pouring rain|"
                  "under dark clouds|in a rain shower|in bad weather"),
    "fog": _ways("in the fog|in fog|in the mist|on a foggy day|in thick fog|in foggy weather|in a misty landscape|"
                 "on a misty morning"),
    "dawn": _ways("at dawn|at dawn|at sunrise|at daybreak|in the early morning|in the morning|in morning light|"
                  "as the sun rises|before the rising sun"),
    "autumn": _ways("in autumn|in autumn|in the autumn|in fall|among autumn leaves|on an autumn day|in october|"
                    "among falling leaves|in an autumn park"),
    "underwater": _ways("underwater|underwater|under water|under the sea|on the sea floor|at the bottom of the sea|"
                        "on the seabed|in the deep sea|among seaweed"),
}  # fmt: skip

ADJECTIVES = _ways(
    "little|cute|old|big|small|large|tiny|lovely|beautiful|pretty|nice|simple|shiny|new|lonely|huge|giant|funny|"
    "charming|plain"
)
"""Said now and then of a thing; they change nothing about it."""
PICTURES = _ways("a picture of|a picture of|picture of|an image of|image of|a scene with|a view of|draw|paint|show me")
"""Said now and then before a thing."""
PAIRS = _ways(
    "{a} beside {b}|{a} beside {b}|{a} next to {b}|{a} next to {b}|{a} and {b}|{a} and {b}|{a} with {b}|{a} near {b}|"
    "{a} and {b} side by side|{a} to the left of {b}|{b} to the right of {a}|{a} on the left and {b} on the right"
)
"""Two things: a is on the left, b on the right."""
ORDERS = _ways(
    "{thing} {place}, {style}|{thing} {place}, {style}|{thing} {place}, {style}|{thing}, {place}, {style}|"
    "{style} of {thing} {place}|a {style} of {thing} {place}|{style}, {thing} {place}|{thing}, {style}, {place}|"
    "{thing} {place} in the style of {style}|{place}, {thing}, {style}|{style} showing {thing} {place}|"
    "{thing} {place} as {style}"
)
VERB_ORDERS = _ways("{thing} {place} {verb} {name}|{thing} {verb} {name}, {place}|{thing} {place}, {verb} {name}")
STYLELESS_ORDERS = _ways("{thing} {place}|{thing} {place}|{thing}, {place}|{place}, {thing}")
