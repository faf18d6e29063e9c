"""The sentences that requests are put into, and which of them are kept from training.

A frame has exactly one hole for what is asked:

- `{a}`    "a crime film directed by Michael Mann"
- `{np}`   "crime film directed by Michael Mann"
- `{nps}`  "crime films directed by Michael Mann"
- `{list}` "genre: crime; director: Michael Mann"
- `{it}`   "was directed by Michael Mann", said of a film
- `{a}` and `{it}` together share the conditions: "a crime film ... it was directed by Michael Mann"

No frame holds a word that is also a genre ("family", "music", "action"): a request must ask for
nothing but its conditions.
"""

DIRECT = (
    "I'm looking for {a}.",
    "Can you recommend {a}?",
    "Please find me {a}.",
    "I would like to watch {a}.",
    "Which {np} would you recommend?",
    "Recommend {a}, please.",
    "I want {a}.",
    "Do you know {a}?",
    "Show me {a}.",
    "Looking for {a}.",
    "{a}, please.",
    "Is there {a}?",
    "Are there any {nps}?",
    "What is a good {np}?",
    "I'm in search of {a}.",
    "Could you suggest {a}?",
    "I need {a}.",
    "What I want is {a}.",
    "Which of these {it}?",
    "Which one is {a}?",
    "Give me the title of {a}.",
    "Have you got {a}?",
    "I like {nps}. Which one should I watch?",
    "Pick one for me; {list}.",
    "My wishes: {list}. What fits?",
    "{list}. Any suggestion?",
    "I'm after {a}, and it should be one that {it}.",
    "Suggest {a}. I only want it if it {it}.",
    "Find me {a}; make sure that it {it}.",
    "I'm thinking of {a}: it {it}.",
    "Does any of these fit? I want {a} that {it}.",
    "I only watch {nps}. Tell me one.",
)
"""Requests without a story that training may use."""

DIRECT_HELD_BACK = (
    "Point me to {a}.",
    "I could really go for {a}.",
    "Nothing but {a} will do.",
    "What would you pick for someone who asks for {a}?",
    "Help me choose: it has to be {a}.",
    "One of these must be {a}; tell me the name.",
    "Name {a}.",
    "I've set my heart on {a}.",
    "Only one thing matters, namely that it {it}.",
    "Requirements: {list}.",
    "I'd be grateful for {a}.",
    "Search for this: {list}.",
    "You know {nps} better than I do, so choose.",
    "Put on {a}, provided that it {it}.",
    "Got {a} for me? One condition: it {it}.",
)
"""Requests without a story that only tests use."""

SITUATIONS = (
    "{who} is coming over {time}.",
    "{who} and I are staying in {time}.",
    "I've had a long week at {work} and just want to sit down {time}.",
    "We are on a long journey and have one film left to choose.",
    "The rain won't stop, so {who} and I are spending the day indoors.",
    "I promised {who} that I would choose what we watch {time}.",
    "{who} picked last week, and it was awful; now it's my turn.",
    "I'm ill in bed and need something to pass the time.",
    "There are {number} of us on the sofa and nobody can agree.",
    "I'm getting ready for a quiz about films {time}.",
    "{who} keeps telling me that I never watch anything good.",
    "I just finished a big {task} and deserve an evening off.",
    "My {ride} leaves in three hours and the hotel has a good screen.",
    "We've started a film club at {work}, and I host it {time}.",
    "{who} has a birthday soon, and we will watch something together.",
    "I can't sleep, and {who} has left me the remote control.",
    "The power is back at last and we can use the television again.",
    "I have {number} hours to myself {time}, which never happens.",
    "I'm cooking for {who} {time} and want something for afterwards.",
    "After {number} evenings of reading I feel like a screen again.",
    "I'm trying to impress {who} with my taste.",
    "Our local cinema lets its visitors choose what it shows {time}.",
    "{who} and I take turns, and {time} I get to decide.",
    "I moved house this week, and the boxes can wait until tomorrow.",
    "The shop round the corner is closing and sells its discs for nothing.",
    "I'm stuck at {work} until late, but then the evening is mine.",
)
"""What goes before a wish, in training too."""

SITUATIONS_HELD_BACK = (
    "The neighbours have invited me {time}, and I'm to bring a disc.",
    "{who} has never seen anything older than last year, and I mean to change that.",
    "Snow has closed the roads, and we're stuck in a cabin with {number} blankets.",
    "I lost a bet against {who}, so I have to provide the entertainment {time}.",
    "Exams are over, {who} brings crisps, and I bring the film.",
    "My {ride} was cancelled and I have a whole night to fill.",
    "The babysitter is booked {time}, but we would rather stay on the couch.",
    "{who} and I met at the cinema {number} years ago, and we want to celebrate that.",
    "I'm knitting a scarf for {who} and like to watch something while I do.",
    "It's too hot outside, and the living room is the only cool place.",
    "A colleague at {work} asked what I watched lately, and I had no answer.",
    "I've signed up to write {number} reviews for the student paper.",
)
"""What goes before a wish in tests alone."""

WISHES = (
    "I'm in the mood for {a}.",
    "Could you find us {a}?",
    "What we'd like is {a}.",
    "{a} would be perfect.",
    "Can you think of {a}?",
    "I was hoping for {a}.",
    "Is there {a} among these?",
    "I think {a} would do nicely.",
    "Maybe {a}?",
    "Please suggest {a}.",
    "I'd love to see {a}.",
    "The plan is to watch {a}.",
    "Which {np} should it be?",
    "Preferably {a}.",
    "I'd like {a}, as long as it {it}.",
    "It would be great to watch {a}, one that {it}.",
    "I want something that {it}.",
    "The only rule is that it {it}.",
    "What do you have that {it}?",
    "We've agreed on {a}. It matters that it {it}.",
)
"""What goes after a situation, in training too."""

WISHES_HELD_BACK = (
    "My heart says {a}.",
    "Surprise me with {a}.",
    "What about {a}, if such a thing exists?",
    "I bet that {a} would go down well.",
    "Everybody voted for {a}.",
    "Tell me which title {it}.",
    "Let it be {a}.",
    "The vote went to {a}, on the understanding that it {it}.",
    "Anything goes if it {it}.",
    "Make it {a}.",
)
"""What goes after a situation in tests alone."""

FILLERS = {
    "time": (
        "tonight",
        "this weekend",
        "on Friday",
        "on Sunday afternoon",
        "tomorrow evening",
        "after dinner",
        "on Saturday night",
        "this evening",
    ),
    "who": (
        "my sister",
        "my brother",
        "my flatmate",
        "my grandmother",
        "my uncle",
        "an old friend",
        "my girlfriend",
        "my husband",
        "my neighbour",
        "my cousin",
        "my father",
        "my best friend",
        "my daughter",
        "my boss",
    ),
    "work": ("the office", "school", "the hospital", "the library", "the bakery", "university"),
    "ride": ("train", "flight", "ferry", "bus"),
    "number": ("two", "three", "four", "five", "six", "seven"),
    "task": ("project", "exam", "translation", "report", "garden shed"),
}
"""Words that a situation leaves open; they mean nothing for what is asked."""
