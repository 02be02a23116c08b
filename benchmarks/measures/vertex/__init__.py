"""Measures of Vertex AI."""

from benchmarks.measures.vertex.stack import figures as figures
