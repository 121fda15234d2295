"""The command line as a whole: registry, help, exit codes, where the data is."""

from __future__ import annotations

import importlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import cli
from appliance.console import Console, Context, printable
from appliance.errors import HomerollError
from appliance.parser import Parser

REPOSITORY = Path(__file__).resolve().parents[2]


def homeroll(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "appliance.cli", *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), "HOME": str(cwd)} | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def run_failing(error: BaseException, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """`homeroll completion bash`, where the verb raises `error`."""

    def run(context: Context) -> int:
        raise error

    monkeypatch.setattr("appliance.commands.completion.run", run)
    return cli.main(["completion", "bash", *words])


def test_every_command_is_a_module_and_every_module_a_command() -> None:
    files = {file.stem for file in (REPOSITORY / "appliance" / "commands").glob("*.py")} - {"__init__"}
    assert {command.name for command in cli.COMMANDS} == files
    for name in files:
        module = importlib.import_module(f"appliance.commands.{name}")
        assert callable(module.arguments)
        assert callable(module.run)


def test_help_answers_at_once(tmp_path: Path) -> None:
    """In processor time, which other work on the machine does not change."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = homeroll("--help", cwd=tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert done.returncode == 0
    assert all(command.name in done.stdout for command in cli.COMMANDS)
    assert min(times) < 0.15


def test_help_imports_no_command_and_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom appliance import cli\ntry: cli.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"httpx", "rich", "msgspec", "asyncio", "litestar", "appliance.config"} & loaded
    assert not [name for name in loaded if name.startswith("appliance.commands.")]


@pytest.mark.parametrize("command", [command.name for command in cli.COMMANDS])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    said = capsys.readouterr().out
    assert f"usage: homeroll {command}" in said
    assert "--data" in said


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["stauts"], "did you mean status?"),
        (["key", "creat"], "did you mean create?"),
        (["xyzzy"], "there are serve, tui, status"),
        (["key"], "ACTION"),
        (["status", "--nonsense"], "status: there is no option --nonsense"),
        (["scan", "--wiat"], "did you mean --wait?"),
        (["key", "list", "anna"], "key list: 'anna' is one word too many"),
        (["serve", "--port", "many"], "--port"),
    ],
)
def test_what_is_not_understood_exits_2_with_advice(
    words: list[str], advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert advice in capsys.readouterr().err


def test_no_command_prints_the_status_where_no_terminal_is(tmp_path: Path) -> None:
    (tmp_path / ".homeroll").mkdir()
    done = homeroll(cwd=tmp_path)
    assert (done.returncode, "No service runs" in done.stdout) == (1, True)


@pytest.mark.parametrize(("terminal", "verb"), [(True, "tui"), (False, "status")])
def test_no_command_is_the_dashboard_on_a_terminal(terminal: bool, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(context: Context) -> int:
        asked.append(context.args.verb)
        return 0

    for name in ("tui", "status"):
        monkeypatch.setattr(f"appliance.commands.{name}.run", run)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: terminal)
    assert cli.main([]) == 0
    assert asked == [verb]


def test_the_dashboard_refuses_what_is_no_terminal(tmp_path: Path) -> None:
    done = homeroll("tui", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "homeroll status" in done.stderr


def test_an_error_is_a_message_and_a_hint_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = HomerollError("It broke", hint="Mend it.")
    assert run_failing(error, monkeypatch) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "homeroll: It broke\n  Mend it.\n")


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_the_traceback_is_there_for_whoever_asks(
    how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--debug"] if how == "flag" else []
    if how == "environment":
        monkeypatch.setenv("HOMEROLL_LOG_LEVEL", "debug")
    assert run_failing(HomerollError("It broke"), monkeypatch, *words) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_mistake_of_ours_is_one_line_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_failing(ZeroDivisionError("division by zero"), monkeypatch) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "--debug" in said


def test_ctrl_c_is_quiet_and_exits_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_failing(KeyboardInterrupt(), monkeypatch) == 130
    assert capsys.readouterr().err == ""


def test_ctrl_c_while_a_verb_is_loaded_is_quiet_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(parser: Parser) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Parser, "load", interrupted)
    assert cli.main(["status"]) == 130


@pytest.mark.parametrize(("where", "code"), [(">&-", 0), (">/dev/full", 1), (">&- 2>&-", 0)])
def test_what_cannot_be_said_is_no_mistake_of_ours(where: str, code: int) -> None:
    command = f"{sys.executable} -m appliance.cli completion bash {where}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == code
    assert "should not" not in done.stderr
    assert ("could not be written: No space left" in done.stderr) == bool(code)


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m appliance.cli completion bash | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command_and_action(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command.name in script for command in cli.COMMANDS)
    assert "accept-missing" in script


def test_the_bash_completion_completes(tmp_path: Path) -> None:
    script = tmp_path / "homeroll.bash"
    script.write_text(homeroll("completion", "bash", cwd=tmp_path).stdout)
    probe = f'source {script}; COMP_WORDS=(homeroll key cr); COMP_CWORD=2; _shtab_homeroll; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, timeout=10, check=True)
    assert done.stdout.split() == ["create"]


@pytest.mark.parametrize(
    "words", [("--data", "X", "config"), ("config", "--data", "X"), ("config", "show", "--data", "X")]
)
def test_the_data_directory_may_be_named_before_and_after_the_verb(words: tuple[str, ...], tmp_path: Path) -> None:
    done = homeroll(*words, cwd=tmp_path)
    assert f"{tmp_path}/X" in done.stdout


def test_the_flag_beats_the_environment_which_beats_the_folder(tmp_path: Path) -> None:
    (tmp_path / ".homeroll").mkdir()
    assert f"{tmp_path}/.homeroll   [found in this folder]" in homeroll("config", cwd=tmp_path).stdout
    named = homeroll("config", cwd=tmp_path, HOMEROLL_DATA="/tmp/elsewhere")
    assert "/tmp/elsewhere   [HOMEROLL_DATA]" in named.stdout
    assert "/tmp/flag " in homeroll("config", "--data", "/tmp/flag", cwd=tmp_path, HOMEROLL_DATA="/x").stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_data_directory_of_someone_else_in_this_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / ".homeroll").mkdir()
    os.chown(tmp_path / ".homeroll", 1234, 1234)
    assert str(tmp_path) not in homeroll("config", cwd=tmp_path).stdout


def test_without_any_data_directory_a_command_says_what_to_do(tmp_path: Path) -> None:
    if Path("/var/lib/homeroll").is_dir():
        pytest.skip("an installed Homeroll is found here")
    done = homeroll("key", "list", cwd=tmp_path)
    assert done.returncode == 1
    assert "--data DIR" in done.stderr


def test_a_mistyped_data_directory_is_refused_and_not_made(tmp_path: Path) -> None:
    done = homeroll("key", "list", "--data", "typo", cwd=tmp_path)
    assert done.returncode == 1
    assert "no data directory" in done.stderr
    assert not (tmp_path / "typo").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_root_does_not_open_the_data_of_another_account(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", 1234, 1234)
    done = homeroll("user", "list", "--data", "data", cwd=tmp_path)
    assert done.returncode == 1
    assert "sudo -u '#1234' homeroll" in done.stderr
    assert list((tmp_path / "data").iterdir()) == []


def test_serve_refuses_folders_that_cannot_be_libraries(tmp_path: Path) -> None:
    done = homeroll("serve", "--data", "data", "--library", "gone", cwd=tmp_path)
    assert (done.returncode, "gone is not a folder" in done.stderr) == (1, True)
    inside = homeroll("serve", "--data", "photos/data", "--library", ".", cwd=tmp_path)
    assert (inside.returncode, "lies inside the photos" in inside.stderr) == (1, True)


def test_text_for_a_terminal_has_no_control_characters() -> None:
    assert printable("a\x1b[2J\x07b\nç\tд") == "a\ufffd[2J\ufffdb\nç\tд"


def test_progress_bars_are_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    for on_terminal in (False, True):
        screen = io.StringIO()
        monkeypatch.setattr(screen, "isatty", lambda answer=on_terminal: answer)
        with Console(err=screen).progress() as progress:
            progress.update("renditions", done=5, total=10)
        assert bool(screen.getvalue()) == on_terminal
