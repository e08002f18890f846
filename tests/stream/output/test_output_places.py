"""Texts that go to others, without the folders of this machine."""

from pathlib import Path

import pytest

from take5.stream.output.places import Places


def test_what_is_in_a_folder_is_named_as_from_there() -> None:
    places = Places([Path("/srv/out"), Path("/srv/out/deep")])
    assert places.without("/srv/out/a/clip.mp4: gone") == "a/clip.mp4: gone"
    assert places.without("'/srv/out/deep/x', /srv/out and /srv/out.") == "'x', . and .."
    for other in ("/srv/output/a", "/mnt/srv/out/a", "https://host/srv/out/a", "/api/sessions/a/clip.mp4", "and/or"):
        assert places.without(other) == other


def test_folders_of_models_and_of_the_user_are_left_out_but_not_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKE5_MODELS_DIR", "/home/ann/nets")
    monkeypatch.setenv("HOME", "/home/ann")
    said = "/home/ann/nets/a.task is damaged; see /home/ann/notes and /etc/hosts"
    assert Places([]).without(said) == "a.task is damaged; see notes and /etc/hosts"
    monkeypatch.setenv("HOME", "/")
    assert Places([Path("/")]).without("/etc/hosts") == "/etc/hosts"
