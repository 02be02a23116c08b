"""What is monitored of a deployed model: ModelMonitoringObjectiveConfig of `aiplatform` v1."""

from __future__ import annotations

from typing import Literal, TypedDict

from typing_extensions import Required

from resources.vertex.fields.shared import BigQueryDestination, GcsDestination


class RandomSampleConfig(TypedDict):
    """A share, above 0 and at most 1."""

    sample_rate: float


class SamplingStrategy(TypedDict):
    """How samples are taken: at random."""

    random_sample_config: RandomSampleConfig


class ThresholdConfig(TypedDict):
    """The distance between two distributions above which an alert is sent."""

    value: float


class GcsSource(TypedDict):
    """`gs://` addresses of files."""

    uris: list[str]


class BigQuerySource(TypedDict):
    """`bq://PROJECT.DATASET.TABLE`."""

    input_uri: str


class TrainingDataset(TypedDict, total=False):
    """What the model was trained with: one of `dataset`, `gcs_source`, `bigquery_source`.

    `data_format` is that of files: tf-record, csv or jsonl. `target_field` is what the model predicts.
    """

    dataset: str
    gcs_source: GcsSource
    bigquery_source: BigQuerySource
    data_format: str
    target_field: str
    logging_sampling_strategy: SamplingStrategy


class SkewDetection(TypedDict, total=False):
    """Between training data and requests: feature -> threshold, and a threshold for all other features."""

    skew_thresholds: dict[str, ThresholdConfig]
    attribution_score_skew_thresholds: dict[str, ThresholdConfig]
    default_skew_threshold: ThresholdConfig


class DriftDetection(TypedDict, total=False):
    """Between earlier and later requests: feature -> threshold, and a threshold for all other features."""

    drift_thresholds: dict[str, ThresholdConfig]
    attribution_score_drift_thresholds: dict[str, ThresholdConfig]
    default_drift_threshold: ThresholdConfig


class ExplanationBaseline(TypedDict, total=False):
    """Where the explanations of the training data are stored."""

    prediction_format: Literal["JSONL", "BIGQUERY"]
    gcs: GcsDestination
    bigquery: BigQueryDestination


class ExplanationConfig(TypedDict, total=False):
    """Monitors feature attributions, too. The deployed model must have explanations."""

    enable_feature_attributes: Required[bool]
    explanation_baseline: ExplanationBaseline


class ObjectiveConfig(TypedDict, total=False):
    """What is monitored: skew needs `training_dataset`, drift does not."""

    training_dataset: TrainingDataset
    training_prediction_skew_detection_config: SkewDetection
    prediction_drift_detection_config: DriftDetection
    explanation_config: ExplanationConfig
