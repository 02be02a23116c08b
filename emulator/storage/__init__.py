"""The Cloud Storage JSON API (v1): buckets, objects, uploads.

`buckets`, `access`, `objects`, `listing`, `insert`, `copies` and `layout` hold the handlers, named after the method ids
of the discovery document; the other modules hold what they share.

Not emulated, and answered with 501: restore, folders, ACL methods, IAM policies of objects, notifications, HMAC keys,
customer-supplied encryption keys, `filter` of `objects.list`.
Stored and given back without any effect: lifecycle rules, retention, holds, soft deletion, IAM policies of buckets, ACL
fields, CORS, website, logging, encryption, autoclass. Passed over: `userProject`, predefined ACLs. Everybody may do
everything.
"""

from __future__ import annotations

from emulator.storage.tables import prepare

__all__ = ["prepare"]
