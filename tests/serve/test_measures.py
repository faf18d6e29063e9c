from rerec.assistant.exchange import Reply, State
from rerec.serve.measures import Measures


def text_of(measures: Measures) -> str:
    return bytes(measures.report().body).decode()


def test_requests_are_counted_by_route_and_status():
    measures = Measures()
    for status in (200, 200, 429):
        measures.count_request("/api/recommend", status, 0.02)
    text = text_of(measures)
    assert 'rerec_requests_total{route="/api/recommend",status="200"} 2.0' in text
    assert 'rerec_requests_total{route="/api/recommend",status="429"} 1.0' in text
    assert 'rerec_request_seconds_bucket{le="0.025",route="/api/recommend"} 3.0' in text


def test_the_stages_of_an_answer_are_timed_and_dropped_titles_counted():
    measures = Measures()
    reply = Reply("", (), State(), dropped=("a", "b"), seconds={"retrieve": 0.2, "total": 0.3})
    measures.count_reply(reply, 1.5)
    text = text_of(measures)
    assert "rerec_dropped_titles_total 2.0" in text
    for stage, seconds in (("retrieve", 0.2), ("total", 0.3), ("wait", 1.5)):
        assert f'rerec_stage_seconds_sum{{stage="{stage}"}} {seconds}' in text


def test_a_watched_figure_is_asked_at_every_report():
    measures = Measures()
    waiting: list[str] = []
    measures.watch("answers_waiting", "How many wait.", lambda: len(waiting))
    assert "rerec_answers_waiting 0.0" in text_of(measures)
    waiting.append("one")
    assert "rerec_answers_waiting 1.0" in text_of(measures)


def test_two_servers_share_no_figures():
    first, second = Measures(), Measures()
    first.count_request("/", 200, 0.1)
    assert "status=" not in text_of(second)


def test_an_id_makes_no_figure_of_its_own(client):
    for item_id in ("1", "2", "99"):
        client.get(f"/api/items/{item_id}")
    client.get("/nowhere/else")
    text = client.get("/metrics").text
    assert 'route="/api/items/{item_id:path}"' in text
    assert "/api/items/1" not in text
    assert "nowhere" not in text
