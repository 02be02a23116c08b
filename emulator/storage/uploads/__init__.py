"""The way of an upload, from its request to its answer.

    request                         `objects_insert` (`single_request`), `resumable`, `xml.multipart_uploads`
      |   checked before the bytes arrive: name, fields, form of the promised checksums, preconditions
    Upload                          `upload`; between the requests of a resumable one it is a row (`sessions`)
      |   the bytes go to a blob; their checksums are computed at the same time (`blobs.Writer`)
    Upload.received -> NewObject    compares the checksums with the promised ones
      |
    ObjectStore.commit -> row       one transaction: preconditions, retention of the old object, new generation
      |
    object_response                 `resource_json`

`ObjectStore.commit` makes every object, also copies and compositions. Only the results of a batch job have their own
entry, `ObjectStore.publication`: they are made inside the transaction that ends the job.
"""
