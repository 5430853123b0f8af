import json
import subprocess
import sys
from pathlib import Path

import pytest

from ops import keys, settings
from ops.cli import keys as command
from ops.embedded import nats_server
from tests.servers import any_free


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOM_DATA", str(tmp_path))
    return tmp_path


def loom_keys(
    *rotate: str, block: bool = False, tls: Path | None = None, hosts: tuple[str, ...] = (), as_json: bool = False
) -> int:
    return command.main(rotate, tls, hosts, block=block, json=as_json)


def public_keys(said: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for line in said.splitlines() if (words := line.split()) and words[0] in keys.NAMES}


def test_every_process_gets_a_key_that_only_its_owner_can_read(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loom_keys() == 0
    made = public_keys(capsys.readouterr().out)
    assert list(made) == list(keys.NAMES)
    assert all(public.startswith("U") and state == "new" for public, state in made.values())
    assert (data / "keys").stat().st_mode & 0o777 == 0o700
    for name in keys.NAMES:
        path = data / "keys" / f"{name}.seed"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text().startswith("SU")
        assert path.read_text() not in (data / "keys" / "authorization.conf").read_text()


def test_keys_are_kept_unless_one_is_to_be_rotated(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loom_keys()
    before = public_keys(capsys.readouterr().out)
    assert loom_keys("edge") == 0
    after = public_keys(capsys.readouterr().out)
    assert {name for name in keys.NAMES if before[name][0] != after[name][0]} == {"edge"}
    assert [name for name, (_, state) in after.items() if state == "new"] == ["edge"]
    block = (data / "keys" / "authorization.conf").read_text()
    assert after["edge"][0] in block
    assert before["edge"][0] not in block


def test_the_block_can_be_printed_and_nats_server_takes_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loom_keys(block=True) == 0
    printed = capsys.readouterr().out
    assert printed == (data / "keys" / "authorization.conf").read_text()
    (tmp_path / "nats.conf").write_text(printed)
    check = [nats_server.binary(), "-t", "-c", str(tmp_path / "nats.conf")]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_keys_of_another_server_are_where_it_is_configured(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOM_NATS_KEYS", str(tmp_path / "elsewhere"))
    assert loom_keys() == 0
    assert (tmp_path / "elsewhere" / "edge.seed").exists()
    assert not (data / "keys").exists()


@pytest.mark.usefixtures("data")
def test_a_process_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert loom_keys("egde") == 1
    assert capsys.readouterr().err.startswith("loom: There is no process 'egde'; there are edge, api, ingest")


def test_a_folder_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOM_NATS_KEYS", "/proc/keys")
    assert loom_keys() == 1
    assert capsys.readouterr().err.startswith("loom: The keys cannot be kept in /proc/keys: ")


def test_certificates_are_made_and_the_block_for_them_printed(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tls"
    assert loom_keys(tls=folder, hosts=("nats.example",)) == 0
    printed = capsys.readouterr().out
    assert f'ca_file: "{folder}/ca.pem"' in printed
    assert {f"{name}.pem" for name in (*keys.NAMES, "ca", "server")} == {path.name for path in folder.glob("*.pem")}
    (tmp_path / "nats.conf").write_text(printed)
    check = [nats_server.binary(), "-t", "-c", str(tmp_path / "nats.conf")]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    assert not (data / "keys").exists()


def test_a_process_without_its_key_ends_with_one_line(tmp_path: Path) -> None:
    environment = {
        "LOOM_DATA": str(tmp_path),
        "LOOM_NATS_URL": f"nats://127.0.0.1:{any_free()}",
        "LOOM_NATS_KEYS": str(tmp_path / "keys"),
        "LOOM_DATABASE_URL": "postgresql://127.0.0.1/none",
        "LOOM_SECRET": "of this test, long enough to be one",
    }
    said = subprocess.run(
        [sys.executable, "-m", "ops", "run", "edge"],
        env={**environment, "PATH": ""},
        cwd=settings.__file__.rpartition("/ops/")[0],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr == f"loom: There is no key for edge in {tmp_path}/keys; `loom keys` makes it.\n"


def test_programs_are_told_the_same(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert loom_keys(as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert [key["name"] for key in said["keys"]] == list(keys.NAMES)
    assert said["block"] == (data / "keys" / "authorization.conf").read_text()
    assert loom_keys(tls=data / "tls", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["block"].startswith("tls {")
