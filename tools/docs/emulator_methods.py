"""docs/reference/emulator-methods.md: the methods of the discovery documents, what handlers do, and what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from inspect import getdoc

from emulator.ml import api as ml_api
from emulator.rest import api_registration
from emulator.rest.discovery import Method
from emulator.rest.request import Response
from emulator.storage import api as storage_api
from emulator.vertex import api as vertex_api
from tools.docs.markdown import code, table

APIS = {
    "AI Platform Prediction, `ml` v1": ml_api,
    "Vertex AI, `aiplatform` v1 and v1beta1": vertex_api,
    "Cloud Storage, `storage` v1": storage_api,
}
_FILTER = "A filter is `KEY:VALUE` or `KEY=VALUE`, several joined by `AND`; `OR`, `NOT` and parentheses return 400."
_CANCEL = "Only the creation of a version stops; every other operation runs to its end."
_REGIONS = "The same everywhere, since every location is this machine. They offer neither training nor accelerators."
_POLICIES = (
    "Lifecycle, soft deletion, CORS, logging and the like are stored and returned, without effect. Retention "
    "policies are enforced, but cannot be locked."
)
_SOFT = "There is no soft deletion: `softDeleted` finds nothing."
_POLICY = "Stored and returned; every permission is granted."
_CANCEL_VERTEX = "Uploads and deployments stop; every other operation runs to its end."
_LIST = (
    "Filters are `FIELD=VALUE`, `FIELD!=VALUE`, `labels.KEY=VALUE`, `labels.KEY:*` and `labels:KEY`, with `AND`, `OR`"
    " and `NOT`; parentheses return 400."
)
_LOCATIONS = "projects.locations"
_OPERATIONS = [
    "",
    *("models.", "endpoints.", "deploymentResourcePools.", "migratableResources.", "modelDeploymentMonitoringJobs."),
]
VERTEX_PARTLY = {
    "get": "Every name is a location. At `/v1`, `ml` answers.",
    "models.list": _LIST,
    "models.listVersions": _LIST,
    "models.upload": (
        "`explanationSpec`, `predictSchemata`, `metadata` and encryption are stored, without effect. Which images can "
        "be deployed is checked by `endpoints.deployModel`."
    ),
    "models.setIamPolicy": _POLICY,
    "models.testIamPermissions": "Every permission is granted.",
    "endpoints.create": (
        "Networks, Private Service Connect, encryption and request logging are stored, without effect. The DNS name of "
        "a dedicated endpoint is not served: it answers at this address."
    ),
    "endpoints.deployModel": (
        "Serves Google's prebuilt TensorFlow images, and TensorFlow Serving, recognised by its arguments and routes; "
        "other containers fail the operation. Every one runs the TensorFlow that is installed. A machine type bounds a "
        "replica's cores and memory; accelerators, service account and logging are stored, without effect. "
        "`rolloutOptions` returns 400."
    ),
    "endpoints.list": _LIST,
    "endpoints.predict": "NaN and infinities are strings. A prediction takes at most 60 seconds.",
    "endpoints.rawPredict": "The container's row format only: `instances`, not `inputs`.",
    "endpoints.streamRawPredict": "The response comes in one piece.",
    "deploymentResourcePools.create": "Models on a pool have replicas each: they do not share processes.",
    "batchPredictionJobs.create": (
        "Inputs are `jsonl`, `tf-record` and `tf-record-gzip` files, results `jsonl`; other formats, BigQuery and "
        "models without a resource return 400. One job runs at a time."
    ),
    "batchPredictionJobs.list": _LIST,
    "migratableResources.batchMigrate": "Versions of `ml` only.",
    "migratableResources.search": "Finds versions of `ml` only.",
    "modelDeploymentMonitoringJobs.create": "Nothing is monitored.",
    "modelDeploymentMonitoringJobs.list": _LIST,
    **{f"{below}operations.cancel": _CANCEL_VERTEX for below in _OPERATIONS},
}
_EMPTY = "Always empty: the methods that create one are not emulated."

_OTHERS = "Each at `/v1` and `/v1beta1`, operations also at `/ui`. All other methods of the API answer 404.\n\n"

Handler = Callable[..., Awaitable[Response]]

PARTLY = {
    "ml.projects.getConfig": "The returned accounts do not exist.",
    "ml.projects.jobs.create": (
        "Training jobs return 400. Region and runtime are checked, without "
        "effect. No more nodes run than this machine has cores, and one job at a time."
    ),
    "ml.projects.jobs.list": _FILTER,
    "ml.projects.models.create": "Regions and the two kinds of logging are stored, without effect.",
    "ml.projects.models.list": _FILTER,
    "ml.projects.models.setIamPolicy": _POLICY,
    "ml.projects.models.testIamPermissions": "Every permission is granted.",
    "ml.projects.models.versions.create": (
        "Containers, custom prediction routines, scikit-learn and XGBoost return 400. Every runtime is the TensorFlow "
        "that is installed. A machine type bounds a node's cores and memory; accelerators, service account and "
        "explanations are checked and stored, without effect."
    ),
    "ml.projects.models.versions.list": _FILTER,
    "ml.projects.operations.cancel": _CANCEL,
    "ml.projects.operations.list": _FILTER,
    "ml.projects.locations.get": _REGIONS,
    "ml.projects.locations.list": _REGIONS,
    "ml.projects.locations.operations.cancel": _CANCEL,
    "storage.buckets.get": _SOFT,
    "storage.buckets.insert": f"{_POLICIES} Predefined ACLs have no effect; hierarchical namespaces return 400.",
    "storage.buckets.list": _SOFT,
    "storage.buckets.patch": _POLICIES,
    "storage.buckets.setIamPolicy": _POLICY,
    "storage.buckets.testIamPermissions": "Every permission is granted.",
    "storage.buckets.update": _POLICIES,
    "storage.anywhereCaches.list": _EMPTY,
    "storage.buckets.operations.list": _EMPTY,
    "storage.managedFolders.list": _EMPTY,
    "storage.notifications.list": _EMPTY,
    "storage.objects.get": _SOFT,
    "storage.objects.insert": "Predefined ACLs and Cloud KMS keys have no effect; customer-supplied keys return 400.",
    "storage.objects.list": "`filter` returns 400; there is no soft deletion.",
    "storage.objects.rewrite": "One call, unless `maxBytesRewrittenPerCall` bounds it between locations or classes.",
    "storage.projects.hmacKeys.list": _EMPTY,
    "storage.rapidCaches.list": _EMPTY,
    "storage.projects.serviceAccount.get": "The returned account does not exist.",
    **{f"aiplatform.{_LOCATIONS}.{name}": text for name, text in VERTEX_PARTLY.items()},
}


def tables() -> str:
    """A section for each API. Raises `ValueError` if `PARTLY` names a method without a handler."""
    answered = {title: api_registration.handlers(api.methods(), api.HANDLERS) for title, api in APIS.items()}
    unknown = sorted(PARTLY.keys() - {id_ for found in answered.values() for id_ in found})
    if unknown:
        raise ValueError(
            f"tools/docs/emulator_methods.py: PARTLY names methods without a handler: {', '.join(unknown)}"
        )
    return "\n".join(_section(title, api.methods(), answered[title]) for title, api in APIS.items())


def _section(title: str, own: Sequence[Method], answered: Mapping[str, Handler]) -> str:
    rows = [_row(method, answered[method.id]) for method in own if method.id in answered]
    left = [method for method in own if method.id not in answered]
    groups = "".join(f"- {code(group)}: {', '.join(names)}\n" for group, names in _groups(left))
    counted = f"{len(rows)} of {len(own)}" if left else f"{len(rows)}"
    head = f"### {title}\n\n{counted} methods are answered.\n"
    answered_ones = table(("Method", "State", "What it does", "What is missing"), rows)
    return f"{head}\n{answered_ones}\n" + (f"All other methods answer 405:\n\n{groups}" if left else _OTHERS)


def _row(method: Method, handler: Handler) -> tuple[str, str, str, str]:
    summary = (getdoc(handler) or "").partition("\n\n")[0].replace("\n", " ").partition(". ")[0].removesuffix(".")
    missing = PARTLY.get(method.id, "")
    return code(_short(method)), "partly" if missing else "works", summary, missing


def _groups(methods: Iterable[Method]) -> Iterator[tuple[str, list[str]]]:
    """Collection -> names of its methods, in the order of the document."""
    groups: dict[str, list[str]] = {}
    for method in methods:
        group, _, name = _short(method).rpartition(".")
        groups.setdefault(group, []).append(name)
    yield from groups.items()


def _short(method: Method) -> str:
    return method.id.partition(".")[2]
