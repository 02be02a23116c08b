"""Batch prediction: jobs that read files of the bucket, run their rows through nodes, and write files.

A job's input is cut into *shards*. Each is run by one node and written to a file of its own, with its counts; what is
whole stays whole over `kill -9`, and all of it gets its names in the bucket in the transaction that ends the job.
"""
