from typing import Any

import pytest

expect: Any = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'rerec[browser]'"
).expect
pytestmark = pytest.mark.slow

CRIME = "A crime film, please."
THOUGHT = "Al Pacino, Crime, Drama => Heat (1995) fits.\n\n\\boxed{Heat (1995)}"


def labels(page: Any) -> list[str]:
    """The items of the last answer."""
    return page.locator("article").last.locator("h3 bdi").all_inner_texts()


def state_of(served: Any, page: Any) -> Any:
    """What the server remembers of the page's conversation."""
    name = page.evaluate("sessionStorage.getItem('rerec.conversation')")
    return None if name is None else served.conversations.state(name)


def test_an_answer_arrives_piece_by_piece_and_its_reasoning_is_one_click_away(
    bare, serve_page, halting, open_page
):
    model = halting(THOUGHT, n_first=2)
    page = open_page(serve_page(bare.with_model(model)).address)
    page.get_by_label("Your request").fill(CRIME)
    page.keyboard.press("Enter")
    expect(page.locator("summary")).to_have_text("Thinking … Al Pacino,")
    assert page.locator("article").get_attribute("aria-busy") == "true"
    assert labels(page) == []
    model.may_go_on.set()
    expect(page.locator(".chosen h3")).to_contain_text("Heat (1995)")
    expect(page.locator(".by")).to_contain_text("Reasoned by halting, in ")
    reasoning = page.locator(".reasoning p")
    expect(reasoning).to_be_hidden()
    page.get_by_text("Reasoning", exact=True).click()
    expect(reasoning).to_have_text(THOUGHT)


def test_a_card_ticks_what_was_asked_and_says_what_is_missing(bare, serve_page, open_page, ask):
    page = open_page(serve_page(bare).address)
    ask(page, "A crime film with Clara Bow.")
    first = page.locator(".card").first
    ticked, crossed = first.locator(".has"), first.locator(".lacks")
    assert ticked.count() == crossed.count() == 1
    assert {ticked.inner_text(), crossed.inner_text()} in (
        {"✓ genre Crime", "✗ missing: starring Clara Bow"},
        {"✓ starring Clara Bow", "✗ missing: genre Crime"},
    )


def test_an_item_that_is_liked_counts_in_the_next_request(bare, serve_page, open_page, ask):
    served = serve_page(bare)
    page = open_page(served.address)
    ask(page, CRIME)
    first = labels(page)[0]
    like = page.get_by_role("button", name=f"Like {first}", exact=True)
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#chips")).to_contain_text(f"liked {first}")
    ask(page, "Another one.")
    assert first not in labels(page)
    assert [bare.label(item_id) for item_id in state_of(served, page).liked] == [first]


def test_an_opinion_is_taken_back_where_it_stands(bare, serve_page, open_page, ask):
    served = serve_page(bare)
    page = open_page(served.address)
    ask(page, CRIME)
    dislike = page.get_by_role("button", name="Dislike").first
    dislike.click()
    page.get_by_role("button", name="Forget disliked").click()
    expect(dislike).to_have_attribute("aria-pressed", "false")
    dislike.click()
    expect(dislike).to_have_attribute("aria-pressed", "true")
    dislike.click()
    expect(dislike).to_have_attribute("aria-pressed", "false")
    assert state_of(served, page).disliked == ()


def test_an_example_is_asked_with_one_press(bare, serve_page, open_page):
    page = open_page(serve_page(bare).address)
    example = page.locator("#examples button").first
    text = example.inner_text()
    example.click()
    expect(page.locator("article h2")).to_have_text(text)
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()


def test_another_user_begins_another_conversation(bare, serve_page, open_page, ask):
    served = serve_page(bare)
    page = open_page(served.address)
    ask(page, CRIME)
    assert state_of(served, page).user_id is None
    page.get_by_label("Recommend to").select_option("ann")
    expect(page.locator("article")).to_have_count(0)
    ask(page, CRIME)
    assert state_of(served, page).user_id == "ann"


def test_a_conversation_is_still_there_when_the_page_is_loaded_again(
    bare, serve_page, open_page, ask
):
    page = open_page(serve_page(bare).address)
    ask(page, CRIME)
    page.get_by_role("button", name="Like").first.click()
    expect(page.locator("#chips")).to_contain_text("liked")
    chips = page.locator("#chips").inner_text()
    page.reload()
    expect(page.locator("article h2")).to_have_text(CRIME)
    expect(page.locator("#chips")).to_have_text(chips, use_inner_text=True)
    ask(page, "Another one.")
    expect(page.locator("article")).to_have_count(2)


def test_starting_over_makes_the_server_forget(bare, serve_page, open_page, ask):
    served = serve_page(bare)
    page = open_page(served.address)
    ask(page, CRIME)
    name = page.evaluate("sessionStorage.getItem('rerec.conversation')")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("button", name="Start over").click()
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.get_by_label("Your request")).to_be_focused()
    assert served.conversations.state(name) is None


def test_a_conversation_that_the_server_lost_begins_anew(bare, serve_page, open_page, ask):
    served = serve_page(bare)
    page = open_page(served.address, refusals=("404",))
    ask(page, CRIME)
    served.conversations.forget(page.evaluate("sessionStorage.getItem('rerec.conversation')"))
    ask(page, "A drama.")
    assert labels(page)
    assert state_of(served, page).turns == 1
