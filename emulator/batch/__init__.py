"""Batch prediction: jobs that read files from a bucket, predict their rows on nodes, and write files.

A job's input is split into *shards*. One node runs a shard, whose results go to their own file, with counts. Complete
shards survive `kill -9`. The transaction that ends the job gives all files their names in the bucket.
"""
