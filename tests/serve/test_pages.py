import re

import pytest

from rerec.serve.pages import FILES

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg"}


@pytest.mark.parametrize("address", FILES)
def test_every_file_of_the_pages_is_served_as_what_it_is(client, address):
    response = client.get(address)
    assert response.content == FILES[address].read_bytes()
    assert response.headers["Content-Type"].startswith(KINDS[FILES[address].suffix])
    assert client.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code in (
        200, 304,
    )  # fmt: skip


@pytest.mark.parametrize("address", FILES)
def test_no_file_of_the_reference_names_another_host(address):
    text = FILES[address].read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|src=\"//|href=\"//", text) == []


def test_the_reference_lists_every_route_of_the_api(client):
    openapi = client.get("/openapi.json").json()
    assert set(openapi["paths"]) == {
        "/api/about",
        "/api/conversations/{conversation_id}",
        "/api/feedback",
        "/api/items/{item_id}",
        "/api/recommend",
        "/healthz",
        "/metrics",
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/{name}",
    }
    for methods in openapi["paths"].values():
        assert all(told["description"] for told in methods.values())


def test_the_reference_tells_what_is_given_and_what_is_refused(client):
    openapi = client.get("/openapi.json").json()
    recommend = openapi["paths"]["/api/recommend"]["post"]["responses"]
    assert {"200", "401", "404", "409", "413", "422", "429", "503"} == set(recommend)
    schema = recommend["429"]["content"]["application/json"]["schema"]
    assert schema["$ref"].endswith("/ErrorBody")
    for response, name in (
        (client.post("/api/recommend", json={"text": "A crime film."}), "Answer"),
        (client.get("/api/items/1"), "ItemTold"),
        (client.get("/api/about"), "About"),
        (client.get("/api/items/99"), "ErrorBody"),
    ):
        assert set(response.json()) == set(openapi["components"]["schemas"][name]["properties"])
    assert "HTTPValidationError" not in openapi["components"]["schemas"]
