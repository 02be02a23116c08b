"""What to do about an error of Google's, as far as the response itself says it. Knows no stack file."""

from __future__ import annotations

import re

from gcp import credentials, errors

_SERVICE = re.compile(r"^([a-z0-9-]+\.googleapis\.com)$")
_PERMISSION = re.compile(r"^([a-z]+\.[A-Za-z.]+)$")
_ACT_AS = "iam.serviceAccounts.actAs"
_PROJECT = re.compile(r"^projects/([a-z0-9:.-]+)")
_PAGE = re.compile(r"^(https://console\.[a-z.]*google\.com/[\w./?=&-]+)$")


def login(error: errors.Unauthenticated) -> str:
    """What to do about a 401: Google's endpoint needs Google credentials, any other needs its own token."""
    return credentials.LOGIN if error.is_google else credentials.OWN_LOGIN


def is_kept(error: errors.PermissionDenied) -> bool:
    """Whether Cloud Storage refused to delete or replace an object because of a hold or a retention period."""
    retained = any(isinstance(item, dict) and item.get("reason") == "retentionPolicyNotMet" for item in error.details)
    return retained or " is under active " in error.message


def service_of(error: errors.Error) -> str:
    """The host of the API that was called, `ml.googleapis.com`; `SERVICE` if no method was called."""
    name = error.method.partition(".")[0]
    return f"{name}.googleapis.com" if name else "SERVICE"


def permission(error: errors.Error) -> str:
    """The command that grants what a 403 says is missing, an API or a permission; empty if it does not say."""
    for item in error.details if isinstance(error, errors.PermissionDenied) else ():
        reason, facts = (item.get("reason"), item.get("metadata") or {}) if isinstance(item, dict) else ("", {})
        project = _plain(facts.get("consumer") or facts.get("resource"), _PROJECT)
        if reason in ("SERVICE_DISABLED", "accessNotConfigured"):  # the second one is Cloud Storage's
            service = _plain(facts.get("service"), _SERVICE) or service_of(error)
            page = _plain(facts.get("activationUrl") or item.get("extendedHelp"), _PAGE)
            command = f"gcloud services enable {service} --project {project or 'PROJECT'}"
            return f"Enable it: `{command}`" + (f" ({page})" if page else "")
        lacking = _plain(facts.get("permission"), _PERMISSION)
        if lacking:
            role = "roles/iam.serviceAccountUser" if lacking == _ACT_AS else f"roles/{lacking.partition('.')[0]}.admin"
            command = f"gcloud projects add-iam-policy-binding {project or 'PROJECT'} --member=user:YOU --role={role}"
            return f"These credentials lack {lacking}: `{command}`"
    return ""


def _plain(text: object, form: re.Pattern[str]) -> str:
    """The part of the response's text that matches the pattern: safe to put into a command."""
    found = form.search(text) if isinstance(text, str) else None
    return found[1] if found else ""
