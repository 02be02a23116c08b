"""Uploads folders to a bucket: `python -m benchmarks.workers.senders provider|manager ENDPOINT BUCKET`.

`provider` is the provider of `storage.SavedModel`, called as by the engine; `manager` is the transfer manager of
google-cloud-storage. Neither overwrites objects. Each line that it reads is a job as JSON, with the fields of
`Job`; for each it prints the seconds that it took, after it has deleted the objects.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

THREADS = 8


@dataclass(frozen=True, kw_only=True)
class Job:
    """A folder to upload.

    Attributes:
        folder: the folder with the files.
        files: path in the folder -> size and checksum.
        prefix: the prefix of the objects.
        processes: whether the transfer manager uses processes instead of threads.
    """

    folder: str
    files: dict[str, dict[str, Any]]
    prefix: str
    processes: bool

    def to_line(self) -> str:
        """The line that the process reads."""
        return json.dumps(asdict(self))


def provider(endpoint: str, bucket: str) -> Callable[[Job], float]:
    """Uploads with `SavedModelProvider.create`, which does all the work of an `up` but the engine's."""
    from pulumi import dynamic

    from resources.storage.saved_model import SavedModelProvider

    made = SavedModelProvider()
    made.configure(dynamic.ConfigureRequest(dynamic.Config({"tf2-models:endpoint": endpoint}, "tf2-models")))

    def send(job: Job) -> float:
        inputs = {"bucket": bucket, "prefix": job.prefix, "source": job.folder, "files": job.files}
        begin = time.perf_counter()
        created = made.create(inputs)
        seconds = time.perf_counter() - begin
        made.delete(created.id, dict(created.outs or {}))
        return seconds

    return send


def manager(endpoint: str, bucket: str) -> Callable[[Job], float]:
    """Uploads with `upload_many_from_filenames` and 8 workers."""
    from google.auth import credentials
    from google.cloud import storage
    from google.cloud.storage import transfer_manager

    nobody = credentials.AnonymousCredentials()  # type: ignore[no-untyped-call]  # the package has no annotations
    client = storage.Client(project="bench", credentials=nobody, client_options={"api_endpoint": endpoint})
    into = client.bucket(bucket)

    def send(job: Job) -> float:
        begin = time.perf_counter()
        transfer_manager.upload_many_from_filenames(
            into,
            list(job.files),
            source_directory=job.folder,
            blob_name_prefix=f"{job.prefix}/",
            worker_type=transfer_manager.PROCESS if job.processes else transfer_manager.THREAD,
            max_workers=THREADS,
            upload_kwargs={"if_generation_match": 0},
            raise_exception=True,
        )
        seconds = time.perf_counter() - begin
        into.delete_blobs([into.blob(f"{job.prefix}/{name}") for name in job.files])
        return seconds

    return send


def main(kind: str, endpoint: str, bucket: str) -> None:
    """Answers lines of standard input until its end."""
    send = {"provider": provider, "manager": manager}[kind](endpoint, bucket)
    print("ready", flush=True)
    for line in sys.stdin:
        print(send(Job(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
