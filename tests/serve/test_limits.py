from pathlib import Path

import pytest

from rerec.errors import SettingsError
from rerec.sections import read_section
from rerec.serve.limits import ServeSettings, read_key, refuse_open_door

KEY = "0123456789abcdef"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_server_on_loopback_needs_no_key(host):
    refuse_open_door(ServeSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_a_server_that_others_can_reach_needs_a_key(host):
    with pytest.raises(SettingsError, match="add --api-key-file"):
        refuse_open_door(ServeSettings(host=host))
    refuse_open_door(ServeSettings.model_validate({"host": host, "key": KEY}))


def test_a_key_is_read_without_its_line_end_and_never_shown(tmp_path: Path):
    path = tmp_path / "key.txt"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    key, warning = read_key(path)
    assert (key.get_secret_value(), warning) == (KEY, None)
    assert KEY not in repr(ServeSettings(key=key))


def test_a_key_that_others_may_read_is_warned_of(tmp_path: Path):
    path = tmp_path / "key.txt"
    path.write_text(KEY)
    path.chmod(0o644)
    warning = read_key(path)[1]
    assert warning is not None
    assert "chmod 600" in warning


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words of a key", b"\xff" * 20, "ключ".encode() * 5]
)
def test_what_can_be_no_key_is_refused_with_the_way_to_one(content: bytes, tmp_path: Path):
    path = tmp_path / "key.txt"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"key\.txt: "):
        read_key(path)


def test_a_key_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_key(tmp_path / "none.txt")


@pytest.mark.parametrize("setting", [{"port": 70_000}, {"max_running": 0}, {"deadline_s": 0}])
def test_a_setting_out_of_range_is_named(setting):
    with pytest.raises(SettingsError, match=next(iter(setting))):
        read_section(ServeSettings, setting, where="rerec serve")
