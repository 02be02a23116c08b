"""Formats of a batch prediction job: names on `ml` v1, used in stack files and on the command line, -> Vertex AI."""

from __future__ import annotations

INPUT = {"JSON": "jsonl", "TF_RECORD": "tf-record", "TF_RECORD_GZIP": "tf-record-gzip"}
OUTPUT = {"JSON": "jsonl", "CSV": "csv"}
