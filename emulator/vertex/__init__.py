"""`aiplatform` v1 and v1beta1: tables, checks, deployment of versions behind endpoints."""
