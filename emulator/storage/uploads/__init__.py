"""The way of an upload, from its request to its answer.

    request                      `objects_insert` (`single_request`), `resumable`, `xml.multipart_uploads`
      │  name, fields, promised checksums, preconditions: checked before any byte is taken
    Upload                       `upload`; a resumable one is kept as a row (`sessions`) between its requests
      │  bytes go to a blob, and their checksums are computed on the way (`blobs.Writer`)
    Upload.received -> NewObject  the checksums are those that were promised
      │
    ObjectStore.commit -> row    one transaction: preconditions, retention of what it replaces, the new generation
      │
    object_response              `resource_json`

Everything that makes an object ends in `ObjectStore.commit`: also copies, compositions and the results of batch jobs.
"""
