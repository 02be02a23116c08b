"""Cloud Storage: the JSON API (v1), with buckets, objects and uploads, and two parts of the XML API (`xml`).

`buckets`, `access`, `objects`, `listing`, `insert`, `copies` and `layout` hold the handlers, named after the method ids
of the discovery document; the other modules hold what they share.

Not emulated, and answered with 405: restore, folders, ACL methods, IAM policies of objects, locks of retention
policies, what makes notifications or HMAC keys. Refused with 400: customer-supplied encryption keys, `filter` of
`objects.list`.
Stored and given back without any effect: lifecycle rules, soft deletion, IAM policies of buckets, ACL fields, CORS,
website, logging, encryption, autoclass. Passed over: `userProject`, predefined ACLs. Everybody may do everything.
"""

from __future__ import annotations

from emulator.storage.tables import prepare

__all__ = ["prepare"]
