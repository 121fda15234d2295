"""`homeroll library`, `user` and `key`: what they ask and what they print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import key, library

if TYPE_CHECKING:
    from pathlib import Path

    from tests.appliance.commands.conftest import Run
    from tests.fakes import FakeHomeroll


def test_a_key_is_printed_alone(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("key", "create", "Anna", "--scope", "all")
    assert (ran.code, ran.out, ran.err) == (0, "hr_secret\n", "")
    assert homeroll.asked[-1] == ("POST", "/keys", {"user": "u2", "name": "command line", "scopes": ["all"]})


def test_a_key_for_nobody_names_who_there_is(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("key", "create", "bob", "--scope", "all")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "homeroll: There is no user 'bob'\n  There are: admin, anna\n"


def test_keys_are_listed_and_revoked(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.keys = [key(id="k0", name="phone", scopes=["read", "write"])]
    assert "read, write" in run("key", "list").out
    assert run("key", "revoke", "k0").code == 0
    ran = run("key", "list")
    assert (ran.out, ran.err) == ("", "There are no keys.\n")
    assert run("key", "list", "--json").json == []


def test_a_library_is_added_by_its_absolute_path_and_the_folders_name(
    run: Run, homeroll: FakeHomeroll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("library", "add", "Pictures", "--json").json["name"] == "Pictures"
    assert homeroll.asked == [("POST", "/libraries", {"name": "Pictures", "root": str(tmp_path / "Pictures")})]


def test_libraries_are_listed_renamed_and_accepted(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.libraries = [library(id="l1", name="Family", root="/photos", status="frozen", reason="Half is gone.")]
    ran = run("library", "list")
    assert "frozen" in ran.out
    assert "Half is gone." in ran.err
    assert run("library", "rename", "Family", "All of us").code == 0
    assert run("library", "accept-missing", "All of us", "--yes").code == 0
    assert homeroll.libraries[0]["status"] == "ready"


@pytest.mark.parametrize("words", [("library", "remove", "Family"), ("user", "remove", "anna")])
def test_removing_needs_a_yes_where_nobody_can_be_asked(
    run: Run, homeroll: FakeHomeroll, words: tuple[str, ...]
) -> None:
    homeroll.libraries = [library(id="l1", name="Family", root="/photos")]
    ran = run(*words)
    assert ran.code == 1
    assert "--yes" in ran.err
    assert not [asked for asked in homeroll.asked if asked[0] == "DELETE"]
    assert run(*words, "--yes").code == 0
    assert homeroll.asked[-1][0] == "DELETE"


def test_a_user_is_added_with_a_password_from_stdin(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("user", "add", "bob", "--role", "admin", stdin="correct horse\n")
    assert ran.code == 0, ran.err
    body = {"username": "bob", "name": "bob", "role": "admin", "password": "correct horse"}
    assert homeroll.asked[-1] == ("POST", "/users", body)


def test_what_the_service_refuses_is_said_with_its_hint(run: Run, homeroll: FakeHomeroll) -> None:
    ran = run("user", "add", "bob", stdin="short\n")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "homeroll: That password is too short\n  Take 8 characters.\n"


def test_roles_and_passwords_are_changed(run: Run, homeroll: FakeHomeroll) -> None:
    assert run("user", "role", "anna", "admin").code == 0
    assert run("user", "password", "anna", stdin="another horse\n").code == 0
    assert homeroll.asked[-1] == ("PATCH", "/users/u2", {"password": "another horse"})
    assert run("user", "list", "--json").json[1]["role"] == "admin"


def test_names_cannot_steer_the_terminal(run: Run, homeroll: FakeHomeroll) -> None:
    homeroll.libraries = [library(id="l1", name="a\x1b[2Jb", root="/x\ny")]
    assert "\x1b" not in run("library", "list").out


def test_a_user_is_let_out_and_in_again(run: Run, homeroll: FakeHomeroll) -> None:
    assert run("user", "disable", "anna").code == 0
    assert homeroll.asked[-1] == ("PATCH", "/users/u2", {"disabled": True})
    assert run("user", "enable", "ANNA").code == 0
    assert homeroll.asked[-1] == ("PATCH", "/users/u2", {"disabled": False})
