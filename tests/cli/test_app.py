import errno
import subprocess
import sys

import pytest

import rerec
import rerec.catalogue.faults
from rerec.cli import main
from rerec.errors import DataError

HEAVY = ("torch", "transformers", "trl", "pydantic", "pandas", "numpy", "pyarrow", "rich", "yaml")


def one_sentence(capsys) -> str:
    """What went to stderr, which must be one line that begins with the program's name."""
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("rerec: ")
    assert said.err.count("\n") == 1
    return said.err.removeprefix("rerec: ").strip()


def fails_with(error: BaseException):
    def command(*_: object, **__: object) -> None:
        raise error

    return command


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from rerec.cli import main; code = main(['--help']);"
        f"print(code, sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("0 []\n")


def test_no_arguments_print_the_help(capsys):
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rerec {rerec.__version__}\n"


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "rerec", "--version"], capture_output=True)
    assert (done.returncode, done.stdout.decode().strip()) == (0, f"rerec {rerec.__version__}")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dat"], "No such command 'dat'. Did you mean 'data'? see `rerec --help`"),
        (["data"], "Missing command; see `rerec data --help`"),
        (["data", "info"], "Missing argument 'DIR'; see `rerec data info --help`"),
        (["sft", "--out", "x"], "Missing option '--config'; see `rerec sft --help`"),
        (
            ["compare", "a", "b", "c"],
            "Got unexpected extra argument(s) (c); see `rerec compare --help`",
        ),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_the_way_to_its_help(arguments, sentence, capsys):
    assert main(arguments) == 2
    assert one_sentence(capsys) == sentence


def test_an_error_of_several_lines_is_told_in_one(monkeypatch, capsys):
    monkeypatch.setattr(rerec.catalogue.faults, "faults_of", fails_with(DataError("two\n  lines")))
    assert main(["data", "check", "x"]) == 2
    assert one_sentence(capsys) == "two lines"


def test_a_full_disk_is_one_sentence(monkeypatch, capsys):
    full = OSError(errno.ENOSPC, "No space left on device", "x/items.parquet")
    monkeypatch.setattr(rerec.catalogue.faults, "faults_of", fails_with(full))
    assert main(["data", "check", "x"]) == 2
    assert one_sentence(capsys) == "x/items.parquet: No space left on device"


def test_an_interruption_is_one_sentence_and_130(monkeypatch, capsys):
    monkeypatch.setattr(rerec.catalogue.faults, "faults_of", fails_with(KeyboardInterrupt()))
    assert main(["data", "check", "x"]) == 130
    assert one_sentence(capsys).startswith("stopped; ")


def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(rerec.catalogue.faults, "faults_of", fails_with(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        main(["data", "check", "x"])


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_reader_that_has_gone_is_not_an_error():
    with subprocess.Popen(
        [sys.executable, "-m", "rerec", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 1
