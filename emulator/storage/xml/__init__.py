"""Cloud Storage's XML API: reads of objects (`GET` and `HEAD /BUCKET/OBJECT`) and multipart uploads.

`xml_calls` decides which requests are meant and answers them, `object_reads` and `multipart_uploads` do the work,
`signed_urls` checks signatures, `xml_errors` writes errors as XML.
"""
