"""The sentences of requests without conditions: an interest that items show, and who is asking.

`{x}` and `{y}` are items that were liked in a row, `{nps}` says what they share ("crime films
starring Al Pacino"), `{who}` is a person of the group ("a woman between 18 and 24"). `{verb}`,
`{past}`, `{noun}` and `{nouns}` are the domain's words.
"""

INTEREST = (
    "I liked {x} and then {y}. What should I {verb} next?",
    "{x} and {y} were great, one after the other. What comes next?",
    "After {x} and {y} I want more. Any idea?",
    "First {x}, then {y}, and I loved both. Which {noun} now?",
    "I can't stop thinking about {x} and {y}. What else would I like?",
    "Lately I {past} {x} and {y} and enjoyed them. Recommend the next one.",
    "People like me who enjoyed {x} and {y}: what did they pick next?",
    "{x} was wonderful, and {y} too. Where do I go from there?",
    "My last two were {x} and {y}. Please keep the run going.",
    "What would you {verb} after {x} and {y}?",
    "I have a soft spot for {x} and {y}. Suggest another one.",
    "I'm on a good run with {x} and {y}. What's next?",
)
INTEREST_HELD_BACK = (
    "Suppose somebody adored {x} and {y}; name the {noun} to follow.",
    "{x}. {y}. And now?",
    "Continue the series: {x}, {y}, ...",
    "If {x} and {y} made my week, what will make the next one?",
    "With {x} and {y} behind me, what lies ahead?",
    "Take {x} and {y} as a hint of my taste and choose.",
)
DESCRIBED = (
    "I keep coming back to {nps}, lately {x} and {y}. What next?",
    "{x} and {y} got me hooked on {nps}. Which one should I {verb} now?",
    "I'm into {nps} such as {x} and {y}. Recommend another.",
    "It seems that I like {nps}: {x} and {y} were both right for me. One more, please.",
    "After {x} and {y} I'm still in the mood for {nps}.",
    "Somebody who enjoys {nps} like {x} and {y}: what would they want next?",
)
DESCRIBED_HELD_BACK = (
    "My shelf is all {nps} now, {x} and {y} foremost. What is missing?",
    "Call me a friend of {nps}; {x} and {y} prove it. Your turn.",
    "{x} and {y} tell you that I fancy {nps}. What follows?",
)
GROUP = (
    "I'm {who}. What should I {verb}?",
    "What would you recommend to {who}?",
    "I'm choosing a {noun} for {who}. What do people like that enjoy?",
    "{who} is looking for a {noun}. Any idea?",
    "Which of these is liked best by people such as {who}?",
    "As {who}, what am I likely to enjoy?",
    "My friend is {who}. Which {noun} would be a safe choice?",
    "Recommend something that {who} would love.",
    "I'm {who} and have no idea what to {verb} next.",
    "What do people like me enjoy? I'm {who}.",
    "Please pick a {noun} for {who}.",
    "Which {noun} do people {verb} who are like me, {who}?",
)
GROUP_HELD_BACK = (
    "Picture {who}: which {noun} would win the vote?",
    "Speaking as {who}, I'd like a {noun} that suits me.",
    "What goes down well with {who}?",
    "Find the favourite of {who}.",
    "For {who}, what would be a sure thing?",
    "A present for {who}; which {noun}?",
)
AGES = {"under 18": "under 18", "56+": "56 or older"}
GENDERS = {"M": "man", "F": "woman", "male": "man", "female": "woman"}
FIELDS = frozenset({"entertainment", "healthcare", "marketing", "sales", "research"})
"""Occupations that one works in rather than as."""
OTHERWISE = {
    "student": "who is a student",
    "retired": "who is retired",
    "homemaker": "who keeps house",
    "none": "without a job",
    "other": "with a job that is hard to name",
    "executive": "who is an executive",
}
