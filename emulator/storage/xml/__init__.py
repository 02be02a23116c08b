"""Cloud Storage's XML API: reads of objects (`GET` and `HEAD /BUCKET/OBJECT`) and multipart uploads.

`calls` decides which requests are meant and answers them, `reads` and `multipart` do the work, `signatures` checks
signed URLs, `failures` writes errors as XML.
"""

from __future__ import annotations

from emulator.storage.xml.xml_calls import in_xml, method, respond, target

__all__ = ["in_xml", "method", "respond", "target"]
