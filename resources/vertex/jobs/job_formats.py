"""Formats of a batch prediction job: their names on `ml` v1, which stack files and the command line use, and here."""

from __future__ import annotations

INPUT = {"JSON": "jsonl", "TF_RECORD": "tf-record", "TF_RECORD_GZIP": "tf-record-gzip"}
OUTPUT = {"JSON": "jsonl", "CSV": "csv"}
