import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from ops import commands, documents, settings
from ops.documents import ROOT

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", documents.documents(), ids=lambda path: path.name)
def test_what_is_generated_is_current(path: Path) -> None:
    assert path.read_text() == documents.documents()[path], "run `make docs`"


@pytest.mark.parametrize("setting", settings.ALL, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: settings.Setting) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{setting.name}` |"))
    assert setting.says in row
    assert setting.default in row


def test_every_setting_that_a_document_names_exists() -> None:
    known = {setting.name for setting in settings.ALL}
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        assert set(re.findall(r"LOOM_[A-Z_]+[A-Z]", path.read_text())) <= known, path


def test_every_file_that_a_document_names_exists() -> None:
    named = re.compile(r"`((?:actors|subjects|gateways|media|schemas|ops|tests|docs)/[\w./-]+)`")
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        missing = [name for name in named.findall(path.read_text()) if not (ROOT / name).exists()]
        assert not missing, path


def test_every_metric_that_a_process_tells_is_documented() -> None:
    table = (ROOT / "docs" / "metrics.md").read_text()
    of_libraries = ("python_", "process_", "stamina_")
    told = [family for family in REGISTRY.collect() if not family.name.startswith(of_libraries)]
    assert len(told) > 20
    for family in told:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert f"| `{name}` |" in table


def test_the_two_commands_come_first() -> None:
    lines = [line for line in README.splitlines() if line]
    assert lines[0].startswith("# ")
    assert lines[1].strip().startswith("make up")
    assert lines[2].strip().startswith("make test")


def test_every_verb_is_explained() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    verbs = re.findall(r"^make (\w+)", listed.stdout, re.MULTILINE)
    assert {"help", "up", "test", "lint", "bench", "docs"} <= set(verbs)
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert not [verb for verb in verbs if verb != "help" and f"`make {verb}`" not in contributing]


@pytest.mark.parametrize(
    ("path", "command"), list(commands.commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_of_loom_says_what_it_does_and_what_can_be_given(path: str, command: Any) -> None:
    assert command.help
    unsaid = [one.name for one in command.params if not one.hidden and not one.help]
    assert unsaid == []
    assert f"\n## {path}\n" in (ROOT / "docs" / "cli.md").read_text()


def test_every_command_that_a_document_names_exists() -> None:
    known = {path for path, _ in commands.commands()}
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for words in re.findall(r"`(loom (?:(?:js|dlq) )?[a-z]+)", path.read_text()):
            assert words in known | {"loom js", "loom dlq"}, f"{path}: {words}"


def test_every_command_that_answers_can_answer_as_json() -> None:
    options = {path: [name for one in each.params for name in one.opts] for path, each in commands.commands()}
    lacking = [path for path, names in options.items() if "--json" not in names]
    assert lacking == ["loom up", "loom run"]


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        if path.name == "template.md":
            continue
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).exists() or target.startswith("docs/screenshots/"), f"{path.name}: {target}"


def test_decisions_are_numbered_without_a_hole() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
