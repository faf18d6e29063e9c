import re
from typing import Any

import pytest

expect: Any = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'rerec[browser]'"
).expect
pytestmark = pytest.mark.slow

CRIME = "A crime film, please."
THOUGHT = "Al Pacino, Crime, Drama => Heat (1995) fits.\n\n\\boxed{Heat (1995)}"
KEY = "the-key-of-the-corner-shop"


def begin(page: Any, text: str) -> None:
    page.get_by_label("Your request").fill(text)
    page.keyboard.press("Enter")


def test_who_finds_the_server_busy_is_told_when_to_try_again(bare, serve_page, halting, open_page):
    model = halting(THOUGHT, n_first=1)
    served = serve_page(bare.with_model(model), max_running=1, max_waiting=0)
    first = open_page(served.address)
    begin(first, CRIME)
    expect(first.locator("summary")).to_contain_text("Al")
    second = open_page(served.address, refusals=("429",))
    begin(second, CRIME)
    expect(second.get_by_role("alert")).to_have_text(
        "Too many requests are waiting; try again later."
    )
    button = second.get_by_role("button", name="Try again")
    expect(button).to_have_text(re.compile(r"in \d+ s"))
    expect(button).to_be_disabled()
    model.may_go_on.set()
    expect(first.locator(".card").first).to_be_visible()
    button.click()  # waits until it can be pressed
    expect(second.locator(".card").first).to_be_visible()
    expect(second.locator("article")).to_have_count(1)


def test_a_server_that_fails_says_so_in_a_sentence(bare, serve_page, open_page):
    served = serve_page(bare)
    page = open_page(served.address, refusals=("500",))
    served.conversations.close()
    begin(page, CRIME)
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"^The server failed .*\.$"))
    expect(page.get_by_role("button", name="Try again")).to_be_enabled()


def test_an_answer_that_breaks_off_is_not_taken_for_one(bare, serve_page, halting, open_page):
    served = serve_page(bare.with_model(halting(THOUGHT, n_first=1)))
    page = open_page(served.address, refusals=("net::",))
    begin(page, CRIME)
    expect(page.locator("summary")).to_contain_text("Al")
    served.close()
    expect(page.get_by_role("alert")).to_have_text(
        re.compile("server is closing|broke off|does not answer")
    )
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_text("The server does not answer; is it running?")


def test_a_slow_answer_can_be_stopped_and_something_else_asked(
    bare, serve_page, halting, open_page, ask
):
    model = halting(THOUGHT, n_first=1)
    page = open_page(serve_page(bare.with_model(model)).address, refusals=("409",))
    begin(page, CRIME)
    expect(page.locator("summary")).to_contain_text("Al")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("alert")).to_have_text("Stopped.")
    model.may_go_on.set()
    ask(page, "A drama.")
    expect(page.locator("article").last.locator(".card").first).to_be_visible()


def test_a_server_with_a_key_asks_for_it_once(bare, serve_page, open_page, ask):
    page = open_page(serve_page(bare, key=KEY).address, refusals=("401",))
    for key, sentence in (("wrong", "It is kept"), (KEY, "That was not the key")):
        expect(page.locator("#kept")).to_contain_text(sentence)
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
    expect(page.locator("#about")).to_contain_text("12 titles")
    page.reload()
    ask(page, CRIME)
    expect(page.locator(".card").first).to_be_visible()
