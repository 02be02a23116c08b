"""The Cloud Storage JSON API (v1): buckets, objects, uploads.

`buckets`, `objects`, `listing`, `insert`, `copies` and `layout` hold the handlers, named after the method ids of the
discovery document; the other modules hold what they share.

Not emulated, and answered with 501: soft deletion and restore, object moves, folders, IAM policies, ACL methods,
notifications, HMAC keys, customer-supplied encryption keys, `matchGlob` and `filter` of `objects.list`.
Stored and given back without any effect: lifecycle rules, retention, holds, ACL fields, CORS, website, logging,
encryption, autoclass. Passed over: `fields`, `userProject`, predefined ACLs. Everybody may do everything.
"""

from __future__ import annotations

from emulator.storage.tables import prepare

__all__ = ["prepare"]
