"""What an artifact's manifest, its signatures and its samples look like; shared by models, resources and prediction.

It needs only the standard library: input digests are computed without any package.
"""
