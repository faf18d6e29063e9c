"""The sentences that requests are put into where the items are no films; see `frames`.

`{verb}` is what one does with an item ("read"), `{nouns}` what several of them are called.
"""

DIRECT = (
    "I'm looking for {a}.",
    "Can you recommend {a}?",
    "Please find me {a}.",
    "I would like to {verb} {a}.",
    "Which {np} would you recommend?",
    "Recommend {a}, please.",
    "I want {a}.",
    "Do you know {a}?",
    "Show me {a}.",
    "{a}, please.",
    "Is there {a}?",
    "Are there any {nps}?",
    "I'm in search of {a}.",
    "Could you suggest {a}?",
    "I need {a}.",
    "Which of these {it}?",
    "Which one is {a}?",
    "I like {nps}. Which one should I {verb}?",
    "Pick one for me; {list}.",
    "My wishes: {list}. What fits?",
    "I'm after {a}, and it should be one that {it}.",
    "Suggest {a}. I only want it if it {it}.",
    "Find me {a}; make sure that it {it}.",
    "I only {verb} {nps}. Tell me one.",
)
DIRECT_HELD_BACK = (
    "Point me to {a}.",
    "I could really go for {a}.",
    "Nothing but {a} will do.",
    "Help me choose: it has to be {a}.",
    "One of these must be {a}; tell me the name.",
    "I've set my heart on {a}.",
    "Only one thing matters, namely that it {it}.",
    "Requirements: {list}.",
    "Search for this: {list}.",
    "You know {nps} better than I do, so choose.",
    "Got {a} for me? One condition: it {it}.",
)
SITUATIONS = (
    "{who} has a birthday soon, and I have no idea what to give.",
    "I've had a long week at {work} and want to treat myself.",
    "I promised {who} that I would choose something {time}.",
    "{who} chose last time, and it was awful; now it's my turn.",
    "I just finished a big {task} and deserve something new.",
    "I'm trying to impress {who} with my taste.",
    "My {ride} leaves in three hours, and I still need something.",
    "{who} and I take turns, and {time} I get to decide.",
    "I have {number} days to myself, which never happens.",
    "They keep talking about {nouns} at {work}, and I can't keep up.",
)
SITUATIONS_HELD_BACK = (
    "I lost a bet against {who}, so I have to bring something {time}.",
    "A colleague at {work} asked for my advice, and I had none.",
    "{who} and I met {number} years ago, and we want to celebrate that.",
    "My {ride} was cancelled and I have time to look around.",
    "I've signed up to write {number} reviews for the student paper.",
)
WISHES = (
    "I'm in the mood for {a}.",
    "What we'd like is {a}.",
    "{a} would be perfect.",
    "Can you think of {a}?",
    "I was hoping for {a}.",
    "I think {a} would do nicely.",
    "Please suggest {a}.",
    "Which {np} should it be?",
    "Preferably {a}.",
    "I'd like {a}, as long as it {it}.",
    "I want something that {it}.",
    "The only rule is that it {it}.",
    "What do you have that {it}?",
)
WISHES_HELD_BACK = (
    "My heart says {a}.",
    "Surprise me with {a}.",
    "What about {a}, if such a thing exists?",
    "Tell me which one {it}.",
    "Let it be {a}.",
    "Anything goes if it {it}.",
    "Make it {a}.",
)
