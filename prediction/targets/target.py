"""The interface of a platform for client, batch jobs and command line. Each platform's module subclasses `Target`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from gcp import errors
from gcp.api import Api
from gcp.clock import Clock
from gcp.settings import Settings
from prediction.predictions import Predictions


@dataclass(frozen=True)
class Envelope:
    """The parts of a request body around the instances.

    Attributes:
        head: before the first instance.
        tail: after the last one.
        most_bytes: the largest body that the platform accepts.
    """

    head: bytes
    tail: bytes
    most_bytes: int


@dataclass(frozen=True)
class Deployed:
    """A deployed version.

    Attributes:
        name: full name of the resource that predicts.
        version: its name within the model.
        uri: folder of its SavedModel, `gs://...`; empty if it has none (a container).
        is_default: whether it is the model's default version.
    """

    name: str
    version: str
    uri: str
    is_default: bool


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """A batch job to start.

    Attributes:
        job_id: unique in the project; letters, digits, `_` and `-`.
        version_name: full name of the version that predicts.
        inputs: `gs://` paths, which may have wildcards.
        output: a `gs://` folder.
        row_format: `JSON`, `TF_RECORD` or `TF_RECORD_GZIP`.
        output_format: `JSON` or `CSV`; None for the platform's default.
        signature: key of the signature; None for the model's default.
        batch_size: rows per call of the model; None for the platform's default.
        workers: maximum number of nodes; None for the platform's default.
        machine_type: type of the nodes; None if the platform chooses.
    """

    job_id: str
    version_name: str
    inputs: Sequence[str]
    output: str
    row_format: str
    output_format: str | None = None
    signature: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    machine_type: str | None = None


@dataclass(frozen=True)
class JobStatus:
    """The progress of a batch job.

    Attributes:
        state: such as `RUNNING` or `SUCCEEDED`.
        predicted: rows with a result so far.
        rejected: rows without one, because of an error.
        error: why the job failed; empty otherwise.
        folder: the `gs://` folder of the results if it is not the requested one; otherwise empty.
    """

    state: str
    predicted: int = 0
    rejected: int = 0
    error: str = ""
    folder: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the job has ended and its results are complete."""
        return self.state == "SUCCEEDED"


@dataclass(frozen=True, kw_only=True)
class JobLimits:
    """Defaults and maxima of a batch job."""

    batch_size: int
    most_batch_size: int
    workers: int
    most_workers: int


@dataclass(frozen=True, kw_only=True)
class Target(ABC):
    """A project of one platform, at one endpoint. Thread-safe.

    Attributes:
        project: id or number of the project.
        api: the endpoint.
        models: the `models` of the stack file, by name; empty if none was read. On a platform where a stack file can
            choose the ids of resources, a model that is not in it is named by its id.
    """

    project: str
    api: Api
    models: Mapping[str, Any] = field(default_factory=dict, hash=False)

    API: ClassVar[str]
    """The name of its API, which is the prefix of its method ids."""
    CLIENTS_SPLIT: ClassVar[bool]
    """Whether clients choose the version by the stack's traffic split; otherwise the service does."""
    JOB_LIMITS: ClassVar[JobLimits]
    RESULTS_HOLD_ROWS: ClassVar[bool] = False
    """Whether each result of a batch job holds its row; see `split_result`."""
    ERROR_HINTS: ClassVar[Mapping[type[errors.ApiError], str]]
    """What to do about an API error."""

    @property
    def settings(self) -> Settings:
        """The settings of API calls."""
        return self.api.settings

    @property
    @abstractmethod
    def url(self) -> str:
        """Root URL of the endpoint, without a trailing slash."""

    @classmethod
    @abstractmethod
    def client_arguments(cls, predict_url: str) -> dict[str, Any] | None:
        """The arguments of `Client` that belong to a `predictUrl` of a stack's output; None if it is not such a URL."""

    @abstractmethod
    def resource_name(self, model: str, version: str | None = None) -> str:
        """Full name of a model or version. Raises `InvalidInput` for an invalid name."""

    @staticmethod
    @abstractmethod
    def envelope(signature_name: str | None) -> Envelope:
        """The envelope of a request for a signature. Default: the model's default signature."""

    @abstractmethod
    def predict(self, name: str, body: bytes, signature_name: str | None) -> Predictions:
        """Sends one request body, in the envelope of this signature, and returns the predictions.

        Raises:
            PredictionFailed: the model rejected the request or failed, or the response has no predictions.
            ApiError: the API returned an error.
            EndpointUnreachable: there was no response.
        """

    @abstractmethod
    def deployed(self, model: str, version: str | None = None) -> Deployed | None:
        """A version, or the default version of the model; None if the model has no default. Raises `ApiError`."""

    @property
    @abstractmethod
    def keeps_order(self) -> bool:
        """Whether batch results are in the order of the input and name each rejected row."""

    def job_version(self, model: str, version: str | None = None) -> Deployed | None:
        """The version that a batch job uses; default: the same as `deployed`. Raises `ApiError`."""
        return self.deployed(model, version)

    @abstractmethod
    def job_failures(self, *, machine_type: str | None, signature: str | None, csv: bool) -> list[tuple[str, str]]:
        """Options of the command that the platform does not support, each with the reason.

        Args:
            machine_type: type of the nodes; None if not given.
            signature: key of the signature; None for the default.
            csv: whether the results should be CSV.
        """

    @abstractmethod
    def start_job(self, request: JobRequest) -> str:
        """Starts a batch job; returns the platform's ID of it. Raises `ApiError`."""

    @abstractmethod
    def find_job(self, job_id: str) -> str | None:
        """The platform's ID of a running or succeeded job; None if there is none. Raises `ApiError`.

        Args:
            job_id: the ID in the request that started it.
        """

    @staticmethod
    def split_result(result: Mapping[str, Any]) -> tuple[Any, Any]:
        """The row and the prediction in a result. Only if `RESULTS_HOLD_ROWS`."""
        raise NotImplementedError

    @staticmethod
    @abstractmethod
    def job_file_kind(name: str) -> str:
        """The kind of a file in a job's output folder: `results`, `errors`, `keys`, `rejected`; empty for other files.

        Args:
            name: its path in that folder.
        """

    @abstractmethod
    def wait_for_job(self, job_id: str, report: Callable[[JobStatus], None], *, clock: Clock) -> JobStatus:
        """Waits until a job has ended. `report` gets its status after each poll. Raises `ApiError`.

        `job_id` is the platform's ID, here and below.
        """

    @abstractmethod
    def cancel_job(self, job_id: str) -> None:
        """Cancels a job. Raises `ApiError`: `NotFound`, or `FailedPrecondition` for a job that has ended."""

    @abstractmethod
    def cancel_command(self, job_id: str) -> str:
        """The shell command that cancels a job."""
