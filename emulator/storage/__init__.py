"""Cloud Storage: the JSON API (v1) with buckets, objects and uploads, and two parts of the XML API (`xml`).

`api` puts it together. `handlers` and `uploads` hold the methods, named after the method ids of the discovery document;
`object_store` holds buckets and objects, `blobs` their bytes.

Not emulated, answered with 405: restore, folders, ACL methods, IAM policies of objects, locks of retention policies,
and the methods that create notifications or HMAC keys. Rejected with 400: customer-supplied encryption keys, `filter`
of `objects.list`.
Stored and returned without effect: lifecycle rules, soft deletion, IAM policies of buckets, ACL fields, CORS, website,
logging, encryption, autoclass. Ignored: `userProject`, predefined ACLs. Every caller may do everything.
"""
