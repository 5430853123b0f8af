import ast
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ops.documents import ROOT

ONLY_FOR_BENCH = {"faststream", "playwright"}  # `make bench` installs what is for development
NAMES = ("actors", "gateways", "media", "ops", "schemas", "subjects")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
LOCKS = [
    ROOT / "constraints.txt",
    *(path for path in ROOT.rglob("package-lock.json") if "node_modules" not in path.parts),
]
DOWNLOAD = re.compile(r"https?://[^\"'\s]*(?:\.tgz|\.whl|\.tar\.gz|/simple|registry|npmjs|pypi)")


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_ours_alone(name: str) -> None:
    assert set(importlib.metadata.packages_distributions().get(name, ["loom"])) == {"loom"}


def test_the_packages_are_named_and_tests_are_not_among_them() -> None:
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(NAMES)


def imported(folder: str) -> set[str]:
    """Top-level names that a package imports, at its start or later."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - set(NAMES)


def installed() -> set[str]:
    """The distributions that a newcomer has: our dependencies, with what they depend on."""
    found: set[str] = set()
    left = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        applies = [{"extra": extra} for extra in ("", *requirement.extras)]
        if name not in found:
            needed = map(Requirement, importlib.metadata.requires(name) or [])
            left += [one for one in needed if one.marker is None or any(map(one.marker.evaluate, applies))]
        found.add(name)
    return found


def test_what_is_imported_is_installed_for_a_newcomer() -> None:
    there, given_by = installed(), importlib.metadata.packages_distributions()
    names = {name for folder in NAMES for name in imported(folder)} - ONLY_FOR_BENCH
    assert not {name for name in names if not there & {canonicalize_name(by) for by in given_by[name]}}


def pinned() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", CONSTRAINTS, re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def wanted() -> list[Requirement]:
    project = PROJECT["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    return [Requirement(text) for text in (*project["dependencies"], *extras, *PROJECT["build-system"]["requires"])]


@pytest.mark.parametrize("requirement", wanted(), ids=lambda requirement: requirement.name)
def test_every_dependency_is_pinned_to_a_version_that_will_do(requirement: Requirement) -> None:
    versions = pinned().get(canonicalize_name(requirement.name))
    assert versions, "run `make pin`"
    assert all(requirement.specifier.contains(version) for version in versions)


def test_what_dependencies_depend_on_is_pinned_too() -> None:
    known, missing = pinned(), set()
    for name in known:
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform, or only for building
        for requirement in map(Requirement, requires):
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and canonicalize_name(requirement.name) not in known:
                missing.add(f"{name} → {requirement.name}")
    assert not missing


def test_every_pin_has_a_hash() -> None:
    for block in re.split(r"\n(?=\S)", CONSTRAINTS.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_lock_file_names_a_host_to_download_from(path: Path) -> None:
    assert not DOWNLOAD.findall(path.read_text())
    if path.suffix == ".json":
        packages = json.loads(path.read_text())["packages"]
        assert not [name for name, package in packages.items() if {"resolved", "funding"} & package.keys()]
        assert all("integrity" in package for name, package in packages.items() if name)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    if not Path(uv).exists():
        pytest.skip("there is no uv to build with")
    subprocess.run(
        [uv, "build", "--wheel", "--quiet", "--build-constraints", "constraints.txt", "--out-dir", str(folder)],
        cwd=ROOT,
        check=True,
        timeout=100,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.parametrize(
    "inside",
    ["ops/nats.conf", "schemas/sql/0001_recording.sql", "actors/recording/queries.sql", "gateways/api/reference.css"],
)
def test_the_wheel_carries_what_is_no_code(wheel: zipfile.ZipFile, inside: str) -> None:
    assert inside in wheel.namelist()


def test_the_wheel_carries_the_built_pages_and_nothing_they_are_built_from(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    if (ROOT / "gateways" / "web" / "dist").exists():
        assert {f"gateways/web/dist/{page}.html" for page in ("index", "record", "watch")} <= set(names)
    assert not [name for name in names if "node_modules" in name or name.endswith((".ts", "package.json"))]


def test_the_wheel_carries_no_test_and_no_other_top_level_name(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} - set(NAMES) == {
        f"loom-{PROJECT['project']['version']}.dist-info"
    }


def test_the_command_is_loom(wheel: zipfile.ZipFile) -> None:
    entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "loom = ops.__main__:main" in wheel.read(entry).decode()
