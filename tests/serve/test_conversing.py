from threading import Thread

from hypothesis import given, settings
from hypothesis import strategies as st

from rerec.assistant.exchange import State
from rerec.assistant.opinions import with_opinion
from rerec.serve.conversing import carried, opinions_of

ASKED = "A crime film with Al Pacino."
OPINIONS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["like", "dislike", "seen", None])),
    max_size=6,
)


def after(state: State, opinions) -> State:
    for item_id, opinion in opinions:
        state = with_opinion(state, item_id, opinion)
    return state


@settings(max_examples=40)
@given(earlier=OPINIONS, meanwhile=OPINIONS)
def test_an_answer_loses_no_opinion_that_came_while_it_was_made(earlier, meanwhile):
    before = after(State(), earlier)
    now = after(before, meanwhile)
    kept = carried(before, now, before)
    assert all(opinions_of(kept, item) == opinions_of(now, item) for item in "abc")


@settings(max_examples=40)
@given(earlier=OPINIONS, told=OPINIONS)
def test_what_an_answer_itself_understood_stays_where_nothing_came(earlier, told):
    before = after(State(), earlier)
    understood = after(before, told)
    assert carried(before, before, understood) == understood


def test_a_like_that_comes_while_an_answer_is_made_is_in_the_state_that_it_leaves(
    serve, reasoning, scripted
):
    client = serve(reasoning).client
    name = client.post("/api/recommend", json={"text": ASKED}).json()["conversation_id"]
    scripted.may_go.clear()
    scripted.has_begun.clear()
    answers = []
    body = {"text": "Another one.", "conversation_id": name}
    thread = Thread(target=lambda: answers.append(client.post("/api/recommend", json=body)))
    thread.start()
    assert scripted.has_begun.wait(10.0)
    liked = {"item_id": "9", "opinion": "like", "conversation_id": name}
    assert client.post("/api/feedback", json=liked).status_code == 200
    scripted.may_go.set()
    thread.join(10.0)
    assert answers[0].json()["reply"]["state"]["liked"] == ["9"]
    assert client.get(f"/api/conversations/{name}").json()["state"]["liked"] == ["9"]


def test_two_requests_of_one_conversation_are_not_answered_at_a_time(serve, reasoning, scripted):
    client = serve(reasoning, max_running=2).client
    name = client.post("/api/recommend", json={"text": ASKED}).json()["conversation_id"]
    scripted.may_go.clear()
    scripted.has_begun.clear()
    body = {"text": "Another one.", "conversation_id": name}
    statuses = []

    def ask() -> None:
        statuses.append(client.post("/api/recommend", json=body).status_code)

    thread = Thread(target=ask)
    thread.start()
    assert scripted.has_begun.wait(10.0)
    ask()
    scripted.may_go.set()
    thread.join(10.0)
    assert statuses == [409, 200]


def test_a_conversation_that_is_removed_while_it_is_answered_stays_removed(
    serve, reasoning, scripted
):
    client = serve(reasoning).client
    name = client.post("/api/recommend", json={"text": ASKED}).json()["conversation_id"]
    scripted.may_go.clear()
    scripted.has_begun.clear()
    body = {"text": "Another one.", "conversation_id": name}
    answers = []
    thread = Thread(target=lambda: answers.append(client.post("/api/recommend", json=body)))
    thread.start()
    assert scripted.has_begun.wait(10.0)
    assert client.delete(f"/api/conversations/{name}").status_code == 204
    scripted.may_go.set()
    thread.join(10.0)
    assert answers[0].status_code == 404
    assert client.get(f"/api/conversations/{name}").status_code == 404
