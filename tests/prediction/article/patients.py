"""The article's second client: asks for the risk of two patients, and takes the logits' sigmoid.

Written anew from the article's text. It knows Google's own address alone: `patients.py PROJECT`.
"""

from __future__ import annotations

import math
import sys

import googleapiclient.discovery

PROJECT = sys.argv[1]
hd_test_data = [
    {
        "age": [62],
        "trestbps": [140],
        "chol": [268],
        "thalach": [160],
        "oldpeak": [3.6],
        "slope": [3],
        "ca": [2],
        "thal": ["normal"],
    },
    {
        "age": [37],
        "trestbps": [130],
        "chol": [250],
        "thalach": [187],
        "oldpeak": [3.5],
        "slope": [3],
        "ca": [0],
        "thal": ["normal"],
    },
]

service = googleapiclient.discovery.build("ml", "v1")
name = f"projects/{PROJECT}/models/hd_prediction"
response = service.projects().predict(name=name, body={"instances": hd_test_data}).execute()
if "error" in response:
    raise RuntimeError(response["error"])
hd_predictions = response["predictions"]
print(hd_predictions)
for prediction in hd_predictions:
    print(f"{1 / (1 + math.exp(-prediction['output_1'][0])):.3f}")
