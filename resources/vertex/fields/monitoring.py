"""The fields of a monitoring job of an endpoint: name, type and what a change does.

Source: the discovery document of `aiplatform` v1 (projects.locations.modelDeploymentMonitoringJobs); a test compares
names and types with it. Its description of `updateMask` lists what can be patched.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from typing_extensions import Required

from resources.schema.fields import Schema, fixed, mutable, output, path
from resources.schema.shared_fields import Adopt, AllowDowntime, Owner, Secrets
from resources.schema.types import Input, Texts
from resources.vertex.fields.objectives import ObjectiveConfig, SamplingStrategy
from resources.vertex.fields.shared import Drift, Encryption, GcsDestination, Location, Project, Waits
from resources.vertex.monitoring import rules


class MonitoringSchedule(TypedDict, total=False):
    """How often the job runs, and how far back it looks (default: one interval). Durations, "3600s", of whole hours."""

    monitor_interval: Required[str]
    monitor_window: str


class EmailAlertConfig(TypedDict):
    """Who gets emails."""

    user_emails: list[str]


class MonitoringAlertConfig(TypedDict, total=False):
    """Where anomalies are reported: email, Cloud Logging, `projects/P/notificationChannels/C` of Cloud Monitoring."""

    email_alert_config: EmailAlertConfig
    enable_logging: bool
    notification_channels: list[str]


class DeployedModelObjective(TypedDict, total=False):
    """What is monitored of one deployed model."""

    deployed_model_id: Required[str]
    objective_config: Required[ObjectiveConfig]


class ModelMonitoringJobArgs(TypedDict, total=False):
    """Arguments of the monitoring job of an endpoint."""

    project: Project
    location: Location
    endpoint: Required[Annotated[Input[str], path("Id of the endpoint, which has one monitoring job.")]]
    display_name: Required[Annotated[Input[str], mutable("Display name, 128 characters at most.")]]
    labels: Annotated[Input[Texts], mutable("Labels; those that others set stay.")]
    model_deployment_monitoring_objective_configs: Required[
        Annotated[Input[list[DeployedModelObjective]], mutable("What is monitored of each deployed model.")]
    ]
    logging_sampling_strategy: Required[
        Annotated[Input[SamplingStrategy], mutable("The share of requests to log for monitoring.")]
    ]
    model_deployment_monitoring_schedule_config: Required[
        Annotated[Input[MonitoringSchedule], mutable("When it runs.")]
    ]
    model_monitoring_alert_config: Annotated[Input[MonitoringAlertConfig], mutable("Where anomalies are reported.")]
    log_ttl: Annotated[Input[str], mutable('How long its tables in BigQuery are kept: "86400s", whole days.')]
    enable_monitoring_pipeline_logs: Annotated[Input[bool], mutable("Log what its runs do.", default="false")]
    predict_instance_schema_uri: Annotated[
        Input[str], fixed("`gs://` address of the schema of an instance.", default="made of the requests")
    ]
    analysis_instance_schema_uri: Annotated[
        Input[str], fixed("`gs://` address of the schema by which instances are analysed.", default="the one above")
    ]
    sample_predict_instance: Annotated[Input[Any], fixed("An example instance, instead of a schema.")]
    stats_anomalies_base_directory: Annotated[GcsDestination, fixed("Where statistics and anomalies are written.")]
    encryption_spec: Encryption
    timeouts: Waits
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class ModelMonitoringJobOutputs(TypedDict, total=False):
    """Outputs of a monitoring job."""

    name: Annotated[str, output("Its full name, whose last part is its number.")]
    state: Annotated[str, output("JOB_STATE_RUNNING, or JOB_STATE_PAUSED if somebody paused it.")]
    create_time: Annotated[str, output("When it was created, RFC 3339.")]
    drift: Drift


_GOOGLES_OWN = "set by Google"
_BY_RUNS = "changes with every run of the job"

MODEL_MONITORING_JOB = Schema(
    "monitoring job",
    "GoogleCloudAiplatformV1ModelDeploymentMonitoringJob",
    ModelMonitoringJobArgs,
    ModelMonitoringJobOutputs,
    left_out={
        "bigqueryTables": "made by the runs of the job",
        "error": "of a job that failed, which fails the create",
        "latestMonitoringPipelineMetadata": _BY_RUNS,
        "nextScheduleTime": _BY_RUNS,
        "satisfiesPzi": _GOOGLES_OWN,
        "satisfiesPzs": _GOOGLES_OWN,
        "scheduleState": _BY_RUNS,
        "updateTime": "changes with every change",
    },
    rules=rules.monitoring_job_failures,
)
