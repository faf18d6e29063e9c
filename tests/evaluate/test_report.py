"""The report is one safe, repeatable file that needs nothing from outside."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from rerec.errors import DataError
from rerec.evaluate.compare import compare
from rerec.evaluate.report import write_report

ATTACK = '</pre><script>alert(1)</script><img src="http://x.org/y.png" onerror=alert(2)>'


class Tags(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    lines = [
        {
            "step": step,
            "kind": "train",
            "reward": 0.5 + step / 100,
            "reward/ndcg": 0.6,
            "reward/qas": 0.7,
            "accuracy": 0.6,
            "blamed_tokens": 0.1,
            "blamed_advantage": -0.4,
            "kl": float("nan") if step == 2 else 0.01,
            "curriculum/mastered": step,
            "curriculum/open": 50 - step,
        }
        for step in range(1, 6)
    ]
    lines.append({"step": 5, "kind": "valid", "accuracy": 0.7, "accuracy/explicit": 0.7})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def report(tmp_path, runs, metrics=(), **more):
    path = tmp_path / "report.html"
    write_report(path, runs, list(metrics), **more)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory, metrics, make_row, make_run):
    """The report of one run whose names are as odd as names get."""
    rows = [make_row(i, category="a & <b> $x$ _c") for i in range(9)]
    run = make_run(rows, model="_hidden $m$")
    return report(tmp_path_factory.mktemp("report"), [run], [("run", metrics)])


@pytest.fixture
def svgs(page):
    return re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)


def test_it_shows_tables_plots_and_samples(tmp_path, metrics, make_row, make_run):
    rows = [make_row(i, right=i % 3 > 0, category=("a", "b")[i % 2]) for i in range(30)]
    runs = [make_run(rows), make_run(rows, model="model-b")]
    page = report(
        tmp_path,
        runs,
        [("long run", metrics)],
        requests={"q1": "a heist film"},
        comparisons=[compare(*runs)],
    )
    text = Tags(page).text
    for piece in ("model-a", "model-b", "baseline: random", "0.667", "long run", "a heist film"):
        assert piece in text
    for plot in ("accuracy by category", "parts of the reward", "curriculum: queries", "blamed"):
        assert plot in text
    assert "no difference in accuracy is shown" in text


def test_what_a_model_wrote_is_shown_and_never_run(tmp_path, metrics, make_row, make_run):
    rows = [make_row(i, response=ATTACK, category=ATTACK) for i in range(3)]
    rows.append(make_row(3, category="other"))
    run = make_run(rows, model=ATTACK)
    parsed = Tags(report(tmp_path, [run], [(ATTACK, metrics)], requests={"q0": ATTACK}))
    assert {"script", "img", "iframe", "link"}.isdisjoint(tag for tag, _ in parsed.tags)
    assert not [name for _, attrs in parsed.tags for name in attrs if name.startswith("on")]
    assert parsed.text.count("alert(1)") >= 3 + 1 + 1


def test_it_needs_no_network(page):
    loaded = [
        value
        for _, attrs in Tags(page).tags
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href", "data", "srcset") and not value.startswith("#")
    ]
    assert loaded == []
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_the_same_input_gives_the_same_bytes(tmp_path, metrics, make_row, make_run, page):
    rows = [make_row(i, category="a & <b> $x$ _c") for i in range(9)]
    run = make_run(rows, model="_hidden $m$")
    assert report(tmp_path, [run], [("run", metrics)]) == page
    assert "dc:date" not in page  # two reports of one second would share it


def test_every_plot_is_well_formed_and_takes_the_colour_of_the_page(page, svgs):
    assert len(svgs) >= 8
    for svg in svgs:
        ElementTree.fromstring(svg.replace("xlink:", ""))
        assert "currentColor" in svg
    text = Tags(svgs[0]).text
    assert "_hidden $m$" in text
    assert "a & <b> $x$ _c" in text
    assert "#000000" not in page
    assert "color-scheme: light dark" in page


def test_ids_that_are_referred_to_stand_in_the_same_plot(svgs):
    for svg in svgs:
        wanted = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))
        assert wanted
        assert wanted <= set(re.findall(r' id="([^"]+)"', svg))


def test_control_characters_and_other_scripts_and_length_do_no_harm(tmp_path, make_row, make_run):
    nasty = "a\x00b\x1b[31m\ud800 日本 \u202e" + "x" * 100_000
    page = report(tmp_path, [make_run([make_row(0, response=nasty)])])
    assert "日本" in page
    assert "\x00" not in page
    assert "\x1b" not in page
    assert len(page) < 150_000
    assert "more characters" in page


def test_without_runs_or_steps_it_says_so(tmp_path):
    empty = tmp_path / "metrics.jsonl"
    empty.write_text("")
    page = report(tmp_path, [], [("run", empty)])
    assert "No evaluated runs" in page
    assert "No steps were logged" in page


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_report(tmp_path, [], [])  # a folder
    assert list(tmp_path.iterdir()) == []
