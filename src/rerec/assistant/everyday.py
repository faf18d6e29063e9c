"""Everyday words: they name an item or a person only where something marks them as a name.

The same words are no use to full-text search, nor are the words of asking.
"""


def word_set(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


FUNCTION_WORDS = word_set(
    """
    a about above after again against ago all almost alone along already also although
    always am among an and another any anybody anyone anything anyway are arent around as at
    away back be because been before behind being below beside besides between both but by
    came can cannot cant come comes could couldnt did didnt different do does doesnt doing
    done dont down during each either else enough even ever every everybody everyone
    everything except far few first for from get gets getting give given gives go goes going
    gone good got had hadnt half has hasnt have havent having he hed hell hello her here
    heres hers herself hes hey hi him himself his how however i id if ill im in indeed
    instead into is isnt it its itself ive just keep kind last late later least less let
    lets like liked likes little look looks lot lots made make makes making many may maybe
    me mean means might mine more most mostly much must my myself near need needs never new
    next nice no nobody none nor not nothing now of off often oh ok okay old on once one
    ones only onto or other others our ours ourselves out over own perhaps please put quite
    rather really right said same saw say says see seem seems seen sees several shall she
    shes should shouldnt since so some somebody somehow someone something sometimes
    somewhere soon still stuff such sure take takes tell than thank thanks that thats the
    their theirs them themselves then there theres these they theyd theyll theyre theyve
    thing things think this those though three through thus till time to today together told
    tomorrow tonight too took toward towards try two under unless until up upon us use used
    very via want wanted wants was wasnt way we wed well went were werent weve what whatever
    whats when whenever where whether which while who whoever whole whom whos whose why will
    with within without wont would wouldnt yeah year years yes yesterday yet you youd youll
    your youre yours yourself youve
    """
)
CALENDAR = word_set(
    """
    april august christmas december easter february friday january july june march may
    monday november october saturday september sunday thursday tuesday wednesday
    """
)
NUMBERS = word_set(
    """
    dozen eight five four nine second seven six ten third
    """
)
NAMELESS = frozenset({"unknown", "other", "others", "none", "na", "misc", "various", "nan"})
"""Values that say that there is no value."""
ASKING = word_set(
    """
    absolutely actor actors actual adore advice afternoon agreed ahead anywhere appreciate
    ask asked asking asks awesome bad best bet better birthday boring bring browse cast
    check choice choose chooses choosing collection coming condition content continue couple
    day days decade decades deserve direct directed director dislike earlier enjoy enjoyed
    enjoying enjoys era evening exists fan favorite favourite feel feeling film films find
    fine fit fits follow forget friend fun genre genres glad grateful great guess guy ha
    haha happy hate heart help hint hm hmm hope hoping hours huge idea ideally ideas imagine
    in interested interesting item items keep know lately lies likely list long looking love
    loved lovely loves matter matters mention mind minutes modern mood morning movie movies
    nah name namely newer nicely night nope number offer older option options perfect person
    pick picked picture pictures piece plan point prefer preferably prefers product products
    prove provided quick ready recent recommend recommendation recommendations recommended
    request require requirement requirements result results rule run search seek seeking
    select set short show shown similar soft somewhat sort sound sounds spend spot starring
    start subject suggest suggested suggestion suggestions suitable suppose surprise talk
    taste team theme thinking thought thx title titles top type types um understand
    understanding useful usually version vote voted wait watch watched watches watching
    weekend welcome well winner wish wishes wonder wonderful wondering work works world
    worth wow writer written wrote yep yours yup
    """
)
"""Words that one asks with; a title of one such word is still a title."""
COMMON = FUNCTION_WORDS | CALENDAR | NUMBERS
"""Words that are names only where they are marked as such."""
SMALL = word_set(
    """
    a an and as at by da de del der des die du el en et for from il in into la las le les lo
    los nor of on or the to und von with y
    """
)
"""Words that stand in small letters within a name."""
OWNERS = frozenset({"my", "our", "your", "his", "their"})
"""Behind these stands nothing that an item should have: "my family"."""
NOUNS = word_set(
    """
    book books film films item items movie movies picture pictures product products title
    titles
    """
)
"""What items are called, whatever the domain."""
