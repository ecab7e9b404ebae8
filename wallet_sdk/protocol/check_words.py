"""Two short words that payer and merchant can compare by eye, drawn from an intent's digest.

They show that both screens speak of the same intent: a swapped one, or one for another request, shows other words.
They do **not** show a pure relay: who carries one request and its answer unchanged between a till and a payer
elsewhere carries the words too. Against that stands the payee's name, which comes from the operator's certificate
and is shown to the payer before consent. They are for people: 16 bits, no replacement for the signature.
"""

from typing import Final

from wallet_sdk.protocol.ids import Digest

_WORDS: Final = tuple(
    """
    acorn album amber anchor apple apron arrow atlas autumn badge bagel bamboo banjo barrel basil beach beacon
    berry bishop blanket blossom bonus bottle branch bread breeze brick bridge bronze bucket butter button cabin
    cactus camel camera canal candle canoe canyon carbon carpet carrot castle cedar cello cement cherry chess
    cinema circle citrus clock cloud clover cobalt coffee comet compass copper coral cotton cradle crane crayon
    cricket crystal cube curtain daisy dancer delta desert diamond dinner dolphin domino dragon drum eagle easel
    echo elbow ember engine fabric falcon feather fern fiddle finger flame flute forest fossil fountain fox
    galaxy garden garlic gecko ginger glacier glove goblet granite grape gravel guitar hammer harbor harvest
    hazel helmet heron honey horizon hotel island ivory jacket jaguar jasmine jelly jersey jigsaw jungle kayak
    kernel kettle kiosk kitten koala ladder lagoon lantern laurel lemon lentil library lily linen lizard lobster
    locket lotus magnet mango maple marble market meadow melon meteor mirror mitten monkey mosaic motor mountain
    muffin museum napkin nectar needle nickel noodle nutmeg oasis ocean olive onion opal orange orchid otter
    oyster paddle palace panda paper parrot pasta peach peanut pebble pelican pencil pepper piano picnic pigeon
    pillow pilot pine planet plum pocket poem pollen pony poppy potato prism pumpkin puzzle quartz quill rabbit
    radio raven ribbon river robin rocket ruby saddle salmon sandal satin scarf shell silver sketch spider spoon
    stamp stone sugar summer sunset swan tablet turtle umbrella valley velvet violet violin waffle walnut
    whistle willow window zebra tango teapot temple thunder tiger timber toast tomato topaz tower tulip
    """.split()  # noqa: SIM905 (256 quoted words would be 256 lines)
)
assert len(_WORDS) == len(set(_WORDS)) == 256, f"{len(_WORDS)} words"


def check_words(digest: Digest) -> tuple[str, str]:
    """The two words of a digest: its first two bytes, one word each."""
    return _WORDS[digest[0]], _WORDS[digest[1]]
